package backend

import "magent/ascii"

// Several says that the last request has n replies, at least one: it consists of as many commands. They take one place
// in the queue, however many they are. The receiver gets each reply. With ascii.Lost it gets none of those that are
// left. It is called after a Send that was accepted, and not on connections to owners.
func (c *Conn) Several(n int) {
	c.fifo.at(c.fifo.len() - 1).extra = uint32(n - 1)
	c.Stats.Requests += uint64(n - 1)
}

// answer delivers r to the first request in the FIFO.
func (c *Conn) answer(r *ascii.Reply) {
	e := c.fifo.next()
	if c.relay != nil {
		c.relay.Forget(int(e.size))
	}
	if e.to == nil {
		if e.extra == 0 {
			c.given--
		}
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
	if c.doubt != nil && e.extra == 0 {
		c.fifo.unpop(e)
		if c.relay != nil {
			c.relay.Recall(int(e.size))
		}
	}
}
