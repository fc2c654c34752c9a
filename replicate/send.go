package replicate

import (
	"magent/ascii"
	"magent/internal/call"
	"magent/internal/fault"
)

// wire returns the command line and the body of a request, as they are sent to a server. They are valid until the next
// use of e.line, and no longer than r.
func (e *Engine) wire(r *ascii.Request) (head, body []byte) {
	if r.Plain() {
		return r.Head, r.Body
	}
	e.line = ascii.AppendHead(e.line[:0], r)
	return e.line, r.Body
}

// noRoom reports whether the queue of a usable copy is full. Then the mutation is sent to neither copy, so that the
// slow one does not miss it.
func (c *Call) noRoom() bool {
	lead, follow := c.NoRoomAt(call.Lead, c.lead), c.NoRoomAt(call.Follow, c.follow)
	return lead || follow
}

// send sends the request to server i. It reports whether the connection accepted it; if so, OnReply will be called
// with slot. A copy of the key that has been read, or is about to be, is older than a mutation that is sent now.
func (c *Call) send(i int, slot uint16, head, body []byte, shape ascii.Shape) bool {
	if c.counted.Counts() {
		c.e.Overtaken(c.key)
	}
	if !c.Send(i, slot, head, body, shape) {
		return false
	}
	if c.traits.Blind && c.counted.Counts() && !fault.Replaced {
		c.e.Dirty(i).Replacing(c.key, true)
	}
	if c.echoes {
		c.e.Conns[i].Expect(c.key)
	}
	return true
}
