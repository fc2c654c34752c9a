package backend

import (
	"errors"

	"golang.org/x/sys/unix"

	"magent/internal/fault"
	"magent/internal/loop"
)

// A connection that is given up may still be read by the server. A server that hung executes what lies in its socket
// when it goes on, perhaps after a request on a new connection. So such a connection is not closed but drained: it is
// shut down for writing and read to its end. When the server has closed its end, it has executed everything. Only
// then a new connection is made.

// If the end is not seen within Options.DrainTime, the connection is reset. The server then has Options.Quarantine to
// execute what it had read before.

// mayGoOn reports whether the server may still execute requests of a connection that was lost with err.
func mayGoOn(err error) bool {
	return !fault.Drain && (errors.Is(err, ErrTimeout) || errors.Is(err, ErrRefill) || errors.Is(err, ErrMoved) ||
		errors.Is(err, ErrGarbage) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrUnasked) ||
		errors.Is(err, ErrValueRefused) || errors.Is(err, ErrWrongKey))
}

// drain is a connection that is being drained.
type drain struct {
	c    *Conn
	s    loop.Stream
	read int // bytes that were read
}

// drain starts to drain the present connection.
func (c *Conn) drain() {
	d := &drain{c: c}
	if c.s.HandOver(&d.s, d) != nil {
		return // it has ended already
	}
	c.drains = append(c.drains, d)
}

// Draining returns the number of connections that are being drained.
func (c *Conn) Draining() int { return len(c.drains) }

// OnReady is called by the loop.
func (d *drain) OnReady(loop.Events) {
	data, err := d.s.Read(0)
	switch {
	case err != nil:
		d.end()
		d.c.drained()
	case len(data) > 0:
		d.s.Keep(nil)
		if d.read += len(data); d.read > drainedBytes {
			d.s.Reading(false) // it will be reset
		}
	}
}

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

// drained connects if a Connect was waiting and the last drain has ended.
func (c *Conn) drained() {
	if len(c.drains) > 0 || !c.wanted {
		return
	}
	c.wanted = false
	c.l.Unset(c.waiting)
	c.Connect()
}

// waitForDrains postpones a Connect.
func (c *Conn) waitForDrains() {
	c.wanted = true
	c.waiting = loop.NewTimer(c.resetDrains)
	c.l.Set(c.waiting, c.opt.DrainTime)
}

// resetDrains resets the connections that are still being drained.
func (c *Conn) resetDrains() {
	c.cutDrains()
	c.waiting = loop.NewTimer(c.drained)
	c.l.Set(c.waiting, c.opt.Quarantine)
}

func (c *Conn) cutDrains() {
	for len(c.drains) > 0 {
		d := c.drains[0]
		// This makes close send a reset, and leaves nothing behind on this side.
		_ = unix.SetsockoptLinger(d.s.FD(), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		d.end()
	}
}

// Leave stops waiting for lost connections to end, because the next connection goes to another server.
func (c *Conn) Leave() {
	c.cutDrains()
	c.drained()
}
