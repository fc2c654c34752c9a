package backend

import (
	"errors"

	"magent/internal/fault"
)

// A connection that is given up may still be read by the server. A server that hung executes what lies in its socket
// when it goes on, perhaps after a request on a new connection. So such a connection is not closed but drained: it is
// shut down for writing and read to its end. When the server has closed its end, it has executed everything. Only
// then a new connection is made.

// If the end is not seen within Options.DrainTime, the connection is reset. The server then has Options.Quarantine to
// execute what it had read before.

// MayGoOn reports whether the server may still execute requests of a connection that was lost with err.
func MayGoOn(err error) bool {
	return !fault.Drain && (errors.Is(err, ErrTimeout) || errors.Is(err, ErrRefill) || errors.Is(err, ErrMoved) ||
		errors.Is(err, ErrGarbage) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrUnasked) ||
		errors.Is(err, ErrValueRefused) || errors.Is(err, ErrWrongKey))
}

// drain starts to drain the present connection.
func (c *Conn) drain() {
	d := &drain{c: c, local: c.local, announced: c.announced}
	if c.s.HandOver(&d.s, d) != nil {
		c.ended(true)
		return // it has ended already
	}
	c.ended(false)
	c.drains = append(c.drains, d)
}

// Draining returns the number of connections that are being drained.
func (c *Conn) Draining() int { return len(c.drains) }

// end closes the connection and takes it off the list.
func (d *drain) end() {
	d.s.Close()
	for i, other := range d.c.drains {
		if other == d {
			d.c.drains = append(d.c.drains[:i], d.c.drains[i+1:]...)
			return
		}
	}
}

func (c *Conn) cutDrains() {
	for len(c.drains) > 0 {
		d := c.drains[0]
		resetAtClose(d.s.FD())
		d.end()
	}
}
