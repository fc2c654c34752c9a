package replicate

import "magent/ascii"

// read asks the primary for one key, or the backup when the primary cannot be asked.
func (e *Engine) read(c *Call, r *ascii.Request) {
	head, _ := e.wire(r)
	if !c.noRoomAt(slotPrimary, c.p) && c.send(c.p, slotPrimary, head, nil, c.shape) {
		if c.b >= 0 {
			c.head = append(c.head[:0], head...) // kept in case the primary fails on this very request
		}
		return
	}
	c.retry = true
	if c.noRoomAt(slotBackup, c.b) || !c.send(c.b, slotBackup, head, nil, c.shape) {
		c.fail()
	}
}

func (c *Call) onRead(r *ascii.Reply) {
	if r.Kind != ascii.Lost {
		c.e.countRead(c.op, r)
		c.finish(r.Kind, r.Raw)
		return
	}
	if !c.retry {
		c.retry = true
		if c.send(c.b, slotBackup, c.head, nil, c.shape) {
			c.e.opt.Count.Retries++
			return
		}
	}
	c.fail()
}
