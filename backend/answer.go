package backend

import "magent/ascii"

// answer delivers r to the first request in the FIFO.
func (c *Conn) answer(r *ascii.Reply) {
	e := c.fifo.pop()
	if c.relay != nil {
		c.relay.Forget(int(e.size))
	}
	if e.to == nil {
		c.given--
		return
	}
	now := c.l.Now()
	c.work.replied(now)
	c.Stats.Replies++
	waited := now - e.at
	c.Stats.Latency += (waited - c.Stats.Latency) / 16
	c.Stats.Waited.Observe(waited)
	if e.withheld != nil {
		r = c.refusalOf(e.withheld)
	}
	if c.relay == nil {
		e.to.OnReply(e.slot, c, r)
	} else {
		c.relay.Answering(int(e.size))
		e.to.OnReply(e.slot, c, r)
		c.relay.Answering(0)
	}
	if c.doubt != nil {
		c.fifo.unpop(e)
		if c.relay != nil {
			c.relay.Recall(int(e.size))
		}
	}
}
