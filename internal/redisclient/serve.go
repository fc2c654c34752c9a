package redisclient

import (
	"magent/internal/dedicated"
	"magent/internal/pool"
	"magent/resp"
)

// Serve carries out Loop.Request, which came for p.
func (c *Client) Serve(p *pool.Pool) End {
	c.end = GoOn
	c.serve(&c.loop.Request, c.enter(p))
	return c.end
}

// serve carries out a request. no is why there are no connections for the client's database.
func (c *Client) serve(r *resp.Request, no error) {
	if len(r.Args) == 0 {
		return
	}
	cmd := r.Command
	c.pool.Count.CmdRedis++
	switch {
	case cmd == nil:
		c.reject(r, resp.AppendUnknown(c.loop.Line[:0], r.Args))
	case !cmd.ArityOK(len(r.Args)):
		c.rejectArity(r)
	case c.locked && !unlocks(cmd):
		c.reply(c.wording("-NOAUTH Authentication required.\r\n", "-NOAUTH Authentication required\r\n"))
	case c.restricted() && !mayRestricted(cmd):
		c.reply(string(appendRestricted(nil, r)))
	case cmd.Route == resp.RouteRefused:
		c.reject(r, resp.AppendError(c.loop.Line[:0], "ERR '"+cmd.Name+"' is not supported here: "+cmd.Why))
	case cmd.Two && !c.pool.Config.Databases && cmd.OtherDB(r.Args):
		c.reject(r, resp.AppendError(c.loop.Line[:0], "ERR '"+cmd.Name+"' is not supported here: "+cmd.Why))
	case c.astray && needsDB(cmd):
		c.lost()
	case no != nil && asksServers(cmd):
		c.unserved(cmd, no)
	case c.multi != nil && !endsMulti(cmd):
		c.queue(r)
	case cmd.Route == resp.RouteLocal:
		c.local(r)
	case c.mayClose(r) && c.refused(r):
	case cmd.Waits != resp.WaitsNever && c.awaited(r):
	default:
		asked := c.host.RedisCall(KeysOf(r), KeysOf(r), len(r.Raw))
		if c.own.hold != dedicated.Nothing { // what is watched has to be what was read
			asked.Fresh()
		}
		c.Commands(c.pool).Do(asked, r)
	}
}

// awaited carries out a command if it waits. It reports whether it does.
func (c *Client) awaited(r *resp.Request) bool {
	most, waits := r.Command.WaitOf(r.Args)
	switch {
	case waits && r.Command.Route == resp.RouteReplicas:
		c.awaitReplicas(r, most)
	case waits:
		c.await(r, most)
	}
	return waits
}

// refused rejects a command that no server would get, because of its keys or options. It reports whether it did.
func (c *Client) refused(r *resp.Request) bool {
	_, refusal := c.Commands(c.pool).ServerOf(r)
	if refusal != nil {
		c.reject(r, append(c.loop.Line[:0], refusal...))
	}
	return refusal != nil
}

// KeysOf returns how many keys a request counts as in the client's window. It is more than one for commands that are
// split.
func KeysOf(r *resp.Request) int {
	switch r.Command.Route {
	case resp.RouteMGet, resp.RouteSum:
		return len(r.Args) - 1
	case resp.RouteMSet:
		return max(1, (len(r.Args)-1)/2)
	}
	return 1
}
