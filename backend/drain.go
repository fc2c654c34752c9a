package backend

import (
	"errors"

	"golang.org/x/sys/unix"

	"magent/internal/fault"
	"magent/internal/loop"
)

// A connection that is given up while the server may still read from it is not closed but drained: shut down for writing
// and read to its end. For a server that hangs executes what lies in its socket when it goes on, perhaps after what is
// asked of it on a new connection. When it has closed its end it has done so; only then a new connection is made.

// Where the end is not seen in time (Options.DrainTime), the connection is reset, and what the server had read before that
// is given a moment to be executed (Options.Quarantine).

// mayGoOn reports whether the server may still execute what was sent on a connection that was lost with err.
func mayGoOn(err error) bool {
	return !fault.Drain && (errors.Is(err, ErrTimeout) || errors.Is(err, ErrRefill) || errors.Is(err, ErrMoved) ||
		errors.Is(err, ErrGarbage) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrUnasked) || errors.Is(err, ErrValueRefused) || errors.Is(err, ErrWrongKey))
}

// drain is a connection that is being drained.
type drain struct {
	c    *Conn
	s    loop.Stream
	read int // bytes so far
}

// drain begins to drain the present connection.
func (c *Conn) drain() {
	d := &drain{c: c}
	if c.s.HandOver(&d.s, d) != nil {
		return // it has ended by itself
	}
	c.drains = append(c.drains, d)
}

// Draining is the number of connections that are being drained.
func (c *Conn) Draining() int { return len(c.drains) }

// OnReady is the loop's call.
func (d *drain) OnReady(loop.Events) {
	data, err := d.s.Read(0)
	switch {
	case err != nil:
		d.end()
		d.c.drained()
	case len(data) > 0:
		d.s.Keep(nil)
		if d.read += len(data); d.read > drainedBytes {
			d.s.Reading(false) // it is reset in the end
		}
	}
}

// end closes the connection.
func (d *drain) end() {
	d.s.Close()
	for i, other := range d.c.drains {
		if other == d {
			d.c.drains = append(d.c.drains[:i], d.c.drains[i+1:]...)
			return
		}
	}
}

// drained makes the connection that was waited with, if the last end has been seen.
func (c *Conn) drained() {
	if len(c.drains) > 0 || !c.wanted {
		return
	}
	c.wanted = false
	c.l.Unset(c.waiting)
	c.Connect()
}

// waitForDrains puts off a Connect.
func (c *Conn) waitForDrains() {
	c.wanted = true
	c.waiting = loop.NewTimer(c.resetDrains)
	c.l.Set(c.waiting, c.opt.DrainTime)
}

// resetDrains gives up waiting for the end.
func (c *Conn) resetDrains() {
	c.cutDrains()
	c.waiting = loop.NewTimer(c.drained)
	c.l.Set(c.waiting, c.opt.Quarantine)
}

func (c *Conn) cutDrains() {
	for len(c.drains) > 0 {
		d := c.drains[0]
		// With this a close sends a reset, and nothing is left behind here.
		_ = unix.SetsockoptLinger(d.s.FD(), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		d.end()
	}
}

// Leave waits no longer for the ends of lost connections, because the next one goes to another server.
func (c *Conn) Leave() {
	c.cutDrains()
	c.drained()
}
