package backend

import (
	"magent/internal/fault"
	"magent/internal/loop"
)

// Connect starts connecting once lost connections have been drained. It does nothing if there is a connection or an
// attempt to make one, or after Shut.
func (c *Conn) Connect() {
	if c.late {
		c.begin()
		return
	}
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
	c.state = connecting
	c.begin()
}

// begin makes the attempt of a connection that is connecting.
func (c *Conn) begin() {
	c.late, c.shy, c.closedAt = false, loop.Endpoint{}, loop.Endpoint{}
	c.route.until = c.l.Now() + int64(c.opt.ConnectTimeout)
	c.route.left = nil
	c.l.SetAt(c.clock, c.route.until)
	if c.opt.Dialer != nil {
		c.opt.Dialer.Resolve(c)
		return
	}
	c.dial([]loop.Endpoint{c.opt.Endpoint})
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

// drained connects if a Connect was waiting and the last drain has ended.
func (c *Conn) drained() {
	if len(c.drains) > 0 || !c.wanted {
		return
	}
	c.wanted = false
	c.l.Unset(c.waiting)
	c.Connect()
}

// OnReady is called by the loop.
func (d *drain) OnReady(loop.Events) {
	if !d.c.may() && !fault.Reading {
		resetAtClose(d.s.FD()) // see Conn.onReady
		d.end()
		return
	}
	data, err := d.s.Read(0)
	switch {
	case err != nil:
		d.end()
		if d.announced && (hungUp(err) || leftNothing(err, true)) {
			d.c.opt.Permit.Ended(d.c, d.local, true)
		}
		d.c.drained()
	case len(data) > 0:
		d.s.Keep(nil)
		if d.read += len(data); d.read > drainedBytes {
			d.s.Reading(false) // it will be reset
		}
	}
}

// Leave stops waiting for lost connections to end, because the next connection goes to another server.
func (c *Conn) Leave() {
	c.cutDrains()
	c.drained()
}

// Shut ends the connection for good: neither Connect nor Send makes another one. Requests in flight are lost.
// Connections that are being drained are still given Options.DrainTime.
func (c *Conn) Shut() {
	c.shut = true
	c.Close(ErrShutdown)
	if len(c.drains) > 0 && !c.wanted {
		c.waitForDrains()
	}
}

// Abort ends the connection for good because of err, by a reset. The server forgets at once who waits there, and
// carries out nothing that it has not read yet.
func (c *Conn) Abort(err error) {
	c.shut = true
	if c.s.FD() > 0 {
		resetAtClose(c.s.FD())
	}
	c.Close(err)
	c.cutDrains()
}
