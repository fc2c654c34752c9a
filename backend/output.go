package backend

import "magent/ascii"

// What stands between the keys of a retrieval, and behind them.
var (
	gap  = []byte(" ")
	crlf = []byte("\r\n")
)

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

// endJoint finishes the command line of a joint get.
func (c *Conn) endJoint() {
	if c.open > 0 {
		c.open = 0
		c.write(crlf)
	}
}
