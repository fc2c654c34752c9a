package backend

import "magent/ascii"

// Left is a request that may be carried out elsewhere. Whoever has it calls To.OnReply once.
type Left struct {
	Request []byte
	To      Receiver
	Slot    uint16
	Shape   ascii.Shape
}

// HandOn ends the connection for good, like Shut. It returns the requests that may be carried out elsewhere, in their
// order. The others are lost.
func (c *Conn) HandOn() (left []Left) {
	r := c.relay
	c.shut = true
	lost := c.sortOut(ErrShutdown)
	for i, rest := 0, r.Bytes(); i < c.fifo.len(); i++ {
		e := c.fifo.at(i)
		left = append(left, Left{append([]byte(nil), rest[:e.size]...), e.to, e.slot, e.shape})
		rest = rest[e.size:]
	}
	c.fifo = fifo{}
	c.relax()
	c.Close(ErrShutdown)
	c.loseFor(lost)
	return left
}
