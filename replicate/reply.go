package replicate

import (
	"magent/ascii"
	"magent/backend"
)

// OnReply handles a server's reply to what was sent with slot. r is valid during the call only.
func (c *Call) OnReply(slot uint16, from *backend.Conn, r *ascii.Reply) {
	c.Arrived()
	c.Begin()
	switch c.plan {
	case planRead:
		c.onRead(slot, r)
	case planRetrieve:
		if slot >= slotTouch {
			c.onTouch(int(slot-slotTouch), r)
		} else {
			c.onFragment(slot, from, r)
		}
	case planMutate, planDrop:
		c.onMutated(slot, r)
	case planCompare:
		c.onCompared(slot, r)
	case planFlush:
		c.onFlushed(slot, from, r)
	}
	c.End()
	c.recycle()
}
