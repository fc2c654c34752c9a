package distribute

import "magent/resp"

// Do carries out a command and answers c, now or when the servers have replied. r and everything that it refers to are
// borrowed for the call. The caller must have checked the name and the number of arguments, and that Route leads to
// servers.
func (e *Engine) Do(c *Call, r *resp.Request) {
	c.Begin()
	if e.Retired {
		c.Finish(goneLine)
	} else {
		e.start(c, r)
	}
	c.End()
	c.recycle()
}

func (e *Engine) start(c *Call, r *resp.Request) {
	cmd := r.Command
	if cmd.SingleKey() {
		e.Hot.Touch(r.Args[1])
		e.whole(c, r, e.PrimaryOf(r.Args[1]))
		return
	}
	switch cmd.Route {
	case resp.RouteMGet, resp.RouteSum:
		e.splitUp(c, r, 1)
	case resp.RouteMSet:
		if len(r.Args)%2 == 0 {
			c.Held = resp.AppendWrongArity(c.Held[:0], cmd)
			c.Finish(c.Held)
			return
		}
		e.splitUp(c, r, 2)
	case resp.RouteSumAll, resp.RouteOKAll, resp.RouteConcat, resp.RouteScript, resp.RoutePubSub:
		e.askAll(c, r)
	case resp.RouteScan:
		e.scan(c, r)
	case resp.RouteAny, resp.RouteRandomKey:
		e.seek(c, r)
	default:
		e.keyed(c, r)
	}
}
