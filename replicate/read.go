package replicate

import (
	"magent/ascii"
	"magent/internal/call"
)

// read asks the lead for one key, or the other copy if the lead cannot be asked.
func (e *Engine) read(c *Call, r *ascii.Request) {
	if c.follow >= 0 && c.backupLeads() {
		e.avoided(c.follow, r.Key)
	}
	if c.follow >= 0 || c.echoes || e.memory.Cache != nil {
		c.key = append(c.key[:0], r.Key...)
	} else {
		c.key = c.key[:0]
	}
	head := r.Key // for get and gets the connection writes the command line
	if c.op >= ascii.OpMetaGet {
		head, _ = e.wire(r)
	}
	if c.follow >= 0 && c.op >= ascii.OpMetaGet {
		c.head = append(c.head[:0], head...) // in case it has to be asked again
	}
	if !c.NoRoomAt(call.Lead, c.lead) && c.sendRead(c.lead, call.Lead, head) {
		if c.lead >= e.NumPrimaries {
			e.Count.Failovers++
		}
		return
	}
	c.retry = true
	if c.NoRoomAt(call.Follow, c.follow) || !c.repeatRead(head) {
		c.fail()
		return
	}
	e.Count.Failovers++
}

// sendRead is send for a read from server i. head is the command line, but for get and gets only the key. It returns
// false if the server cannot be read.
func (c *Call) sendRead(i int, slot uint16, head []byte) bool {
	if i < 0 || !c.e.ReachRead(i) {
		return false
	}
	if c.follow >= 0 {
		c.e.Hide(i, c.key)
		c.sent[slot] = c.e.Dirty(i).Seq()
	}
	sent := false
	switch c.op {
	case ascii.OpGet:
		sent = c.e.Conns[i].Get(head, c, slot)
	case ascii.OpGets:
		sent = c.e.Conns[i].Gets(head, c, slot)
	default:
		if !c.send(i, slot, head, nil, c.shape) {
			return false
		}
		c.e.Conns[i].Repeatable()
		return true
	}
	if !sent {
		return false
	}
	c.Await()
	return true
}

// repeatRead is sendRead for the copy that does not lead, in place of the lead.
func (c *Call) repeatRead(head []byte) bool {
	return c.follow >= 0 && c.e.Health.Readable(c.follow) && c.e.mayRepeat(c.lead, c.follow, c.key) &&
		c.sendRead(c.follow, call.Follow, head)
}

// onValue answers the client with the reply of server i.
func (c *Call) onValue(i int, r *ascii.Reply) {
	if !c.fill {
		c.e.countRead(c.op, r)
		c.e.memory.found(c, r)
	}
	c.e.ReadThrough(i, r.Raw)
	if c.op == ascii.OpMetaGet && c.follow >= 0 && (r.Kind == ascii.MetaVA || r.Kind == ascii.MetaHD) {
		c.e.ReadThroughKey(i, c.key)
	}
	c.finish(r.Kind, c.withTags(i, r.Raw))
}

func (c *Call) onRead(slot uint16, r *ascii.Reply) {
	i := c.at(slot)
	outdated := r.Kind != ascii.Lost && c.follow >= 0 && c.e.outdated(i, c.key, c.sent[slot])
	if r.Kind != ascii.Lost && !outdated {
		if !c.isLate(i, r) {
			c.onValue(i, r)
		}
		return
	}
	head := c.head
	if c.op < ascii.OpMetaGet {
		head = c.key
	}
	if !c.retry && c.plan.Elsewhere().Allows(true) {
		c.retry = true
		if c.repeatRead(head) || outdated && c.sendRead(c.lead, call.Lead, head) {
			c.e.Count.Retries++
			return
		}
	}
	if outdated && !c.anew && !c.e.counts(c.at(1-slot), c.key) {
		c.anew = true // behind the deletion
		if c.sendRead(i, slot, head) {
			c.e.Count.Retries++
			return
		}
	}
	c.fail()
}
