package backend

import (
	"strconv"

	"magent/ascii"
	"magent/internal/loop"
)

// Fullness tells which limit a connection is at.
type Fullness uint8

const (
	HasRoom    Fullness = iota
	FullQueue           // Options.MaxPending requests have no reply yet
	FullOutput          // more than Options.MaxUnsent bytes wait for the socket
)

// Full tells whether the connection is at one of its limits and should not get new requests. Send does not check this:
// what belongs to a request that was accepted is sent in any case.
func (c *Conn) Full() Fullness {
	switch {
	case c.fifo.len() >= c.opt.MaxPending:
		return FullQueue
	case c.relay == nil && c.s.Unsent()+len(c.early) > c.opt.MaxUnsent,
		c.relay != nil && c.relay.Size() > c.opt.MaxUnsent:
		return FullOutput
	}
	return HasRoom
}

// AppendFull appends to dst why a connection that was f takes no request: the limit, and what to do. f must not be
// HasRoom.
func (c *Conn) AppendFull(dst []byte, f Fullness) []byte {
	if f == FullQueue {
		dst = append(dst, "too many requests in flight ("...)
		dst = strconv.AppendInt(dst, int64(c.opt.MaxPending), 10)
		return append(dst, "); it hangs or is overloaded: send less, or add servers"...)
	}
	dst = append(dst, "too many bytes wait to be sent (more than "...)
	dst = strconv.AppendInt(dst, int64(c.opt.MaxUnsent), 10)
	return append(dst, "); it hangs, or the network is too slow: send less, or add servers"...)
}

// Send sends a request, head and then body, by the end of the turn. It keeps neither slice. The reply, framed by
// shape, goes to to.OnReply with slot. If the connection is down, Send returns false and to gets no reply.
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
	if c.relay != nil {
		c.keep(head, body)
		c.check()
		return true
	}
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
		c.broken = err // reported by Flush, because Send makes no callbacks
	}
	c.check()
	return true
}

// push adds a request of that many bytes to the FIFO.
func (c *Conn) push(to Receiver, slot uint16, shape ascii.Shape, size int) *entry {
	e := c.fifo.push()
	*e = entry{to: to, at: c.l.Now(), slot: slot, shape: shape, size: uint32(size)}
	c.Stats.Requests++
	if c.state == ready && c.fifo.len() == c.given+1 {
		c.arm()
	}
	return e
}

// write buffers bytes for the end of the turn.
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

// Flush writes what was buffered during the turn.
func (c *Conn) Flush() {
	c.settled()
	c.marked = false
	if c.state != ready {
		return
	}
	c.endJoint()
	err := c.broken
	switch {
	case c.relay != nil:
		err = c.passOn()
	case err == nil && !c.s.Blocked():
		err = c.s.Flush()
	}
	if err != nil {
		c.lost(err)
	}
}
