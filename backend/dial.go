package backend

import (
	"slices"

	"magent/ascii"
	"magent/internal/loop"
	"magent/resp"
)

// route is the way to a server that may have several addresses.
type route struct {
	until int64         // loop time at which the attempt to connect ends
	last  loop.Endpoint // the address that worked last; it is tried first
	now   loop.Endpoint // the address being tried
	left  []loop.Endpoint
}

func (r *route) worked() { r.last = r.now }

// Connect starts connecting once lost connections have been drained. It does nothing if there is a connection or an
// attempt to make one, or after Shut.
func (c *Conn) Connect() {
	if c.state != down || c.wanted || c.shut {
		return
	}
	if c.relay != nil {
		c.state = connecting
		c.link()
		return
	}
	if len(c.drains) > 0 {
		c.waitForDrains()
		return
	}
	c.state, c.shy, c.closedAt = connecting, loop.Endpoint{}, loop.Endpoint{}
	c.route.until = c.l.Now() + int64(c.opt.ConnectTimeout)
	c.route.left = nil
	c.l.SetAt(c.clock, c.route.until)
	if c.opt.Dialer != nil {
		c.opt.Dialer.Resolve(c)
		return
	}
	c.dial([]loop.Endpoint{c.opt.Endpoint})
}

// Prefer makes the next Connect try e first, if e is an address of the server then.
func (c *Conn) Prefer(e loop.Endpoint) { c.route.last = e }

// Endpoint returns the address of the present connection or attempt, or of the last one.
func (c *Conn) Endpoint() loop.Endpoint { return c.route.now }

// Resolved is the Dialer's answer: the addresses of the server, which are only read. It is ignored if the
// attempt has ended meanwhile.
func (c *Conn) Resolved(addrs []loop.Endpoint, err error) {
	if c.state != connecting || c.s.FD() > 0 {
		return
	}
	if err != nil {
		c.fail(err)
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
	c.state, c.framer, c.resp, c.need = connecting, ascii.Framer{}, resp.Framer{}, 0
	for r := &c.route; len(r.left) > 0; {
		if c.s.FD() > 0 {
			c.s.Close()
		}
		share := (r.until - c.l.Now()) / int64(len(r.left))
		r.now, r.left = r.left[0], r.left[1:]
		c.l.SetAt(c.clock, c.l.Now()+share)
		var fd int
		if fd, err = loop.Dial(r.now); err == nil {
			err = c.s.Open(c.l, fd, loop.Writable, c)
		}
		if err == nil {
			loop.LimitUnsent(fd, max(c.opt.DrainTime, c.opt.Timeout))
			return
		}
	}
	c.fail(err)
}
