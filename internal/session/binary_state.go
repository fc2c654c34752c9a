package session

import (
	"magent/internal/binary"
	"magent/internal/call"
)

// binaryClient is what a session has more for such a client.
type binaryClient struct {
	skip int             // bytes of a refused request that are still to be dropped
	next *binary.Waiting // what the reply to the next call needs; nil: the call answers no request of the client
}

// mark has c, which is about to be carried out, remember what its reply needs.
func (b *binaryClient) mark(c *call.Call) {
	if b.next != nil {
		c.Tag = b.next.Pack()
		if b.next.Op.Echoes() {
			c.Echo = append(c.Echo[:0], b.next.Key...)
		}
	}
}
