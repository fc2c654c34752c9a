package replicate

import (
	"magent/ascii"
	"magent/backend"
	"magent/replicate/decide"
)

// OnReply handles a server's reply to what was sent with slot. r is valid during the call only.
func (c *Call) OnReply(slot uint16, from *backend.Conn, r *ascii.Reply) {
	c.Arrived()
	c.Begin()
	switch c.plan {
	case decide.PlanRead:
		c.onRead(slot, r)
	case decide.PlanRetrieve:
		if slot >= slotTouch {
			c.onTouch(int(slot-slotTouch), r)
		} else {
			c.onFragment(slot, from, r)
		}
	case decide.PlanMutate, decide.PlanDrop:
		c.onMutated(slot, r)
	case decide.PlanCompare:
		c.onCompared(slot, r)
	case decide.PlanFlush:
		c.onFlushed(slot, from, r)
	}
	c.End()
	c.recycle()
}
