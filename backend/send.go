package backend

import (
	"bytes"
	"math"

	"magent/ascii"
	"magent/backend/hello"
	"magent/internal/loop"
)

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
		head, body = hello.Knock, nil
	}
	if c.state != ready {
		c.Stats.Sent += uint64(len(head) + len(body))
		c.early = append(append(c.early, head...), body...)
		if c.late {
			c.flushLater()
		}
		c.check()
		return true
	}
	c.endJoint()
	c.write(head)
	c.Stats.Sent += uint64(len(body))
	if len(body) < loop.LargeWrite || !c.may() {
		c.s.Write(body)
	} else if err := c.s.WriteLarge(body); err != nil {
		c.broken = err // reported by Flush, because Send makes no callbacks
	}
	c.check()
	return true
}

// SendPieces is Send for a large request: head, which is borrowed, and then pieces, which are bytes of owner. They are
// not copied; owner is held until they are sent.
func (c *Conn) SendPieces(
	head []byte, pieces [][]byte, owner loop.Owner, shape ascii.Shape, to Receiver, slot uint16,
) bool {
	if c.state != ready || c.relay != nil {
		return c.Send(head, bytes.Join(pieces, nil), shape, to, slot)
	}
	size := len(head)
	for _, p := range pieces {
		size += len(p)
	}
	e := c.push(to, slot, shape, size)
	e.value, e.keys = true, keysOf(head, shape)
	c.endJoint()
	c.write(head)
	c.Stats.Sent += uint64(size - len(head))
	for _, p := range pieces {
		if !c.may() {
			c.s.Write(p)
		} else if err := c.s.WriteOwned(loop.Piece{Data: p, Owner: owner}); err != nil {
			c.broken = err // reported by Flush, because Send makes no callbacks
		}
	}
	c.check()
	return true
}

// Disown makes the bytes of the reply that is being handled stay valid after OnReply, as long as their owner is held.
// It returns nil if they do not.
func (c *Conn) Disown() loop.Owner { return c.s.Disown() }

// Flush writes what was buffered during the turn.
func (c *Conn) Flush() {
	c.settled()
	c.marked = false
	if c.late {
		c.begin()
	}
	if c.state != ready {
		return
	}
	c.endJoint()
	err := c.broken
	switch {
	case c.relay != nil:
		err = c.passOn()
	case err != nil || c.s.Blocked():
	case !c.may():
		err = ErrForbidden
	default:
		err = c.s.Flush()
	}
	if err != nil {
		c.lost(err)
	}
}

// keysOf returns how many values the reply to a request may have.
func keysOf(head []byte, shape ascii.Shape) uint16 {
	if shape != ascii.ShapeValues {
		return 1
	}
	return uint16(min(bytes.Count(head, gap), math.MaxUint16))
}
