package replicate

import (
	"magent/internal/call"
	"magent/internal/fault"
)

// begin prepares the key of a mutation that is about to be sent: its copies, and its order.
func (e *Engine) begin(c *Call) {
	c.flushEpoch = e.FlushEpoch()
	e.leaveMemory(c)
	if c.follow < 0 {
		return
	}
	c.counted = e.undecided.Begin(c.key)
	if x := e.orders.of(c.key); x != nil && x.lead != c.lead && !fault.Order {
		e.MarkMissed(x.lead, c.key) // another server leads now
	}
	c.noted = e.noteKey(c.lead, c.follow, c.key)
	c.lacked = c.lacks()
	e.clean(c)
	if c.backupLeads() {
		e.orders.hold(c)
	}
}

// lacks reports whether the lead has the value on which c depends, and the other copy may not.
func (c *Call) lacks() bool {
	return !c.traits.Blind && c.e.counts(c.lead, c.key) && c.e.MayLack(c.follow, c.key)
}

// clean deletes the key of a mutation that is about to be sent, on every copy where it is dirty. A mutation such as
// incr must not build on a wrong value.
func (e *Engine) clean(c *Call) {
	e.cleanAt(c, call.Lead)
	e.cleanAt(c, call.Follow)
}

// cleanAt is clean for the copy in slot. It also notes in c.sent what was known of that copy.
func (e *Engine) cleanAt(c *Call, slot uint16) {
	i := c.at(slot)
	if !c.traits.Blind {
		e.Hide(i, c.key)
	}
	c.sent[slot] = e.Dirty(i).Seq()
}
