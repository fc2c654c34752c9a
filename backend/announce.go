package backend

import (
	"magent/internal/fault"
	"magent/internal/loop"
)

// greeted goes on when the server has answered the first commands: the connection is announced, if it has to be.
func (c *Conn) greeted() {
	if c.opt.Permit == nil {
		c.established()
		return
	}
	c.l.Unset(c.clock) // whoever does not hear of it is not waited for any more, or the permit ends
	c.state = announcing
	c.s.Reading(true)
	at, err := loop.LocalEndpoint(c.s.FD())
	if err == nil {
		err = c.s.Flush() // nothing is left to write: it is not watched for that any more
	}
	if err != nil {
		c.next(err)
		return
	}
	c.local, c.announced = at, true
	c.opt.Permit.Announce(c, at)
	if fault.Announce {
		c.Announced(at)
	}
}

// Announced says that everybody knows of the connection from an address here, so that it may carry requests. It is
// ignored if that connection has ended meanwhile.
func (c *Conn) Announced(local loop.Endpoint) {
	if c.state == announcing && c.local == local {
		c.established()
	}
	c.settled()
}

// stray reads a connection that is being announced: the server has nothing to say.
func (c *Conn) stray() {
	data, err := c.s.Read(0)
	switch {
	case hungUp(err):
		c.next(ErrClosed)
	case err != nil:
		c.next(err)
	case len(data) > 0:
		c.s.Keep(nil)
		c.next(ErrUnasked)
	}
}

// Reset ends the connection for good, and those that are being drained, by resets: nothing that the kernel still had
// to send is sent. Requests in flight are lost.
func (c *Conn) Reset() {
	c.shut = true
	c.Close(ErrForbidden)
	c.cutDrains()
	if c.wanted {
		c.wanted = false
		c.l.Unset(c.waiting)
	}
}
