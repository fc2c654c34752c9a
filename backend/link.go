package backend

import (
	"magent/internal/fleet/forward"
	"magent/internal/loop"

	"golang.org/x/sys/unix"
)

// Epoch returns in which epoch the owner was named to whom the connection goes, or the last one went.
func (c *Conn) Epoch() uint64 { return c.relay.epoch }

// Written returns how many requests an owner has got, or may have, and not answered.
func (c *Conn) Written() int { return c.relay.Passed }

// Over says that owners of epochs before this one decide no more. If the connection goes to such a one, it has a
// moment to give back what it has not carried out. The view is a new one, so the next owner is looked for at once.
func (c *Conn) Over(epoch uint64) {
	r := c.relay
	if r.pause = 0; r.again.IsSet() {
		c.l.Unset(r.again)
		c.link()
	}
	if epoch == 0 || epoch-1 <= r.over {
		return
	}
	r.over = epoch - 1
	if c.s.FD() > 0 && r.epoch < epoch && !r.leaving && c.state != down {
		r.leaving = true
		c.l.Set(r.grace, returnTime)
	}
}

// link asks for a connection.
func (c *Conn) link() {
	if r := c.relay; c.state == connecting && !r.making {
		r.making = true
		c.opt.Relay.Maker.Make(c)
	}
}

// linkLater asks for a connection after a pause.
func (c *Conn) linkLater() {
	r := c.relay
	r.pause = min(max(2*r.pause, relinkPause), relinkMost)
	c.l.Set(r.again, r.pause)
}

// Made is the Maker's answer: a connection to the owner, or why there is none.
func (c *Conn) Made(l Link, err error) {
	r := c.relay
	r.making = false
	switch {
	case err == nil && (c.state != connecting || l.Epoch <= r.over || !c.safe(l.Epoch)):
		l.close()
	case err == nil:
		c.cutDrains()
		r.blind, r.epoch = false, l.Epoch
		if err = c.s.OpenSealed(c.l, l.FD, l.Seal, loop.Readable, c); err == nil {
			loop.LimitUnsent(l.FD, c.opt.Timeout)
			c.state, c.since = greeting, c.l.Now()
			r.closed = l.Closed
			return
		}
		l.close()
		c.s = loop.Stream{}
	}
	if err != nil {
		c.err = err
	}
	if c.state == connecting {
		c.linkLater()
	}
}

// close is the end of a connection that nobody uses.
func (l Link) close() {
	unix.Close(l.FD)
	if l.Closed != nil {
		l.Closed()
	}
}

// disuse says that the connection to the owner, if there is one, is used no more.
func (r *relayed) disuse() {
	if r.closed != nil {
		r.closed()
		r.closed = nil
	}
}

// safe reports whether an owner cannot carry out any more what an earlier connection has brought it.
func (c *Conn) safe(epoch uint64) bool {
	r := c.relay
	return epoch > r.epoch || len(c.drains) == 0 && !r.blind || c.l.Now() >= r.safeAt
}

// linked ends connecting: the owner has asked its first question.
func (c *Conn) linked() {
	c.state, c.relay.pause = ready, 0
	c.since, c.work, c.spoke = c.l.Now(), newProgress(), true
	c.Stats.Connects++
	c.l.Unset(c.clock)
	c.arm()
	c.watcher.Connected(c)
}

// takeMark takes what the owner says between two replies, and returns its length; 0: it is incomplete.
func (c *Conn) takeMark(data []byte) (n int, err error) {
	r := c.relay
	m, n, ok := forward.NextMark(data)
	switch {
	case !ok || m.Kind != forward.Question && m.Kind != forward.Return && n > 0:
		return 0, ErrGarbage
	case n == 0:
	case m.Kind == forward.Return:
		r.over = max(r.over, m.Epoch)
		return 0, ErrReturned
	default:
		r.asked = true
		c.flushLater()
		if c.state == greeting {
			c.linked()
		}
	}
	return n, nil
}
