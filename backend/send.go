package backend

import (
	"magent/ascii"
	"magent/internal/loop"
)

// Full reports whether the connection is over its limits and should be given nothing new. Send does not ask: what belongs
// to a request that was taken on is sent in any case.
func (c *Conn) Full() bool {
	return c.fifo.len() >= c.opt.MaxPending || c.s.Unsent()+len(c.early) > c.opt.MaxUnsent
}

// Send appends a request, head and then body, to the connection; both are borrowed for the call. The reply, framed by
// shape, goes to to.OnReply(slot). It returns false, and does not call to, when the connection is down.
func (c *Conn) Send(head, body []byte, shape ascii.Shape, to Receiver, slot uint16) bool {
	if c.state == down && c.opt.Lazy {
		c.Connect()
	}
	if c.state == down {
		return false
	}
	e := c.push(to, slot, shape, len(head)+len(body))
	e.value = len(body) > 0
	e.keys = keysOf(head, shape)
	if why := c.Lacking(shape); why != nil {
		e.withhold(why)
		head, body = knockLine, nil
	}
	if c.state != ready {
		c.Stats.Sent += uint64(len(head) + len(body))
		c.early = append(append(c.early, head...), body...)
		c.check()
		return true
	}
	c.endJoint()
	c.write(head)
	c.Stats.Sent += uint64(len(body))
	if len(body) < loop.LargeWrite {
		c.s.Write(body)
	} else if err := c.s.WriteLarge(body); err != nil {
		c.broken = err // for Flush: Send calls nobody back
	}
	c.check()
	return true
}

// push puts a request of so many bytes into the line of those that are waited for.
func (c *Conn) push(to Receiver, slot uint16, shape ascii.Shape, size int) *entry {
	e := c.fifo.push()
	*e = entry{to: to, at: c.l.Now(), slot: slot, shape: shape, size: uint32(size)}
	c.Stats.Requests++
	if c.state == ready && c.fifo.len() == c.given+1 {
		c.arm()
	}
	return e
}

// write collects bytes for the end of the turn.
func (c *Conn) write(data []byte) {
	c.Stats.Sent += uint64(len(data))
	c.flushLater()
	c.s.Write(data)
}

func (c *Conn) flushLater() {
	if !c.marked {
		c.marked = true
		c.l.Mark(c)
	}
}

// Flush writes what the turn has collected.
func (c *Conn) Flush() {
	c.settled()
	c.marked = false
	if c.state != ready {
		return
	}
	c.endJoint()
	err := c.broken
	if err == nil && !c.s.Blocked() {
		err = c.s.Flush()
	}
	if err != nil {
		c.lost(err)
	}
}
