package backend

import "magent/internal/loop"

// NewConn returns a connection that is down. It belongs to l.
func NewConn(l *loop.Loop, opt Options, w Watcher) *Conn {
	c := &Conn{opt: opt, l: l, watcher: w}
	c.clock = loop.NewTimer(c.tick)
	if opt.Relay != nil {
		c.relay = newRelayed(c)
	}
	return c
}

func newRelayed(c *Conn) *relayed {
	r := &relayed{}
	r.again = loop.NewTimer(c.link)
	r.grace = loop.NewTimer(func() { c.Close(ErrOwner) })
	return r
}
