package backend

import (
	"cmp"
	"slices"

	"magent/ascii"
	"magent/internal/loop"
)

// Prefer makes the next Connect try e first, if e is an address of the server then.
func (c *Conn) Prefer(e loop.Endpoint) { c.route.last = e }

// Endpoint returns the address of the present connection or attempt, or of the last one.
func (c *Conn) Endpoint() loop.Endpoint { return c.route.now }

// Resolved is the Dialer's answer: the addresses of the server, which are only read. It is ignored if the
// attempt has ended meanwhile.
func (c *Conn) Resolved(addrs []loop.Endpoint, err error) {
	if c.state != connecting || c.late || c.s.FD() > 0 {
		return
	}
	if err != nil {
		c.fail(unresolved{err})
		return
	}
	c.dial(addrs)
}

// dial tries the addresses one after the other, the one that worked last before the others.
func (c *Conn) dial(addrs []loop.Endpoint) {
	if i := slices.Index(addrs, c.route.last); i > 0 {
		addrs = slices.Concat(addrs[i:i+1], addrs[:i], addrs[i+1:])
	}
	c.route.left = addrs
	c.next(loop.ErrNoAddress)
}

// next tries the next address, because the one before failed with err. Each gets an equal share of the time that is
// left, so that an address which does not answer leaves time for the others.
func (c *Conn) next(err error) {
	c.state, c.framer, c.resp, c.need = connecting, ascii.Framer{}, c.newRespFramer(), 0
	c.shaking.end()
	for r := &c.route; len(r.left) > 0; {
		if c.s.FD() > 0 {
			c.s.Close()
			c.ended(true)
		}
		share := (r.until - c.l.Now()) / int64(len(r.left))
		r.now, r.left = r.left[0], r.left[1:]
		c.l.SetAt(c.clock, c.l.Now()+share)
		var fd int
		if fd, err = loop.Dial(r.now); err == nil {
			err = c.s.Open(c.l, fd, loop.Writable, c)
		}
		if err == nil {
			loop.LimitUnsent(fd, cmp.Or(c.opt.UserTimeout, max(c.opt.DrainTime, c.opt.Timeout)))
			return
		}
	}
	c.fail(err)
}
