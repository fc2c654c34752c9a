package distribute

import (
	"magent/ascii"
	"magent/backend"
)

// OnReply handles a server's reply to what was sent with slot. r is valid during the call only.
func (c *Call) OnReply(slot uint16, from *backend.Conn, r *ascii.Reply) {
	c.Arrived()
	c.Begin()
	switch c.plan {
	case planCommand:
		c.onCommand(r)
	case planFanout:
		c.onPart(slot, from, r)
	case planTransact:
		c.onTransacted(slot, from, r)
	case planSeek, planAsk:
		c.onSought(r)
	case planRead:
		c.onRead(from, r)
	case planScan:
		c.onScanned(r)
	}
	c.End()
	c.recycle()
}
