package backend

import "magent/internal/fault"

// check looks whether the rules hold that stand at the fields of Conn, wherever a request or an event has been dealt with. It
// costs nothing to speak of where that is not asked for.
func (c *Conn) check() {
	if fault.Strict || c.opt.Strict {
		c.checkFields()
	}
}

// settled is check for the end of an event: the timers are set then, too.
func (c *Conn) settled() {
	if fault.Strict || c.opt.Strict {
		c.checkFields()
		c.checkTimers()
	}
}

// must panics with what is broken.
func (c *Conn) must(holds bool, rule string) {
	if !holds {
		panic("backend: " + c.opt.Name + ": " + rule)
	}
}

// checkFields looks at the ends of the queue, and not at all of it: it is called for each request.
func (c *Conn) checkFields() {
	n := c.fifo.len()
	c.must(c.state != down || n == 0 && len(c.early) == 0 && c.broken == nil && c.need == 0 && c.s.FD() <= 0,
		"it is down, and something is left of the connection")
	c.must(c.state == ready || c.given == 0 && c.open == 0, "requests were sent before the connection was there")
	c.must(c.state != ready || len(c.early) == 0, "what was collected was not sent")
	c.must(!c.shut || c.state == down, "it was shut, and is there")
	c.must(!c.wanted || c.state == down, "a connection waits for the one before, and is there")
	c.must(0 <= c.given && c.given <= n, "more requests are given up than there are")
	c.must(c.given == 0 || c.fifo.at(c.given-1).to == nil, "a request that is given up has an owner")
	c.must(c.given == n || c.fifo.at(c.given).to != nil, "a request that is waited for has no owner")
	c.must(n == 0 || !c.fifo.at(n-1).more, "the last request of a joint get goes on")
	c.must(0 <= c.open && c.open <= n && c.open <= max(0, c.opt.MaxJoint), "a line that is not ended has other keys than are waited for")
	c.must(c.open == 0 || c.marked && c.fifo.at(n-1).joined && c.fifo.at(n-c.open).joined, "a line that is not ended is no joint get, or nobody ends it")
	c.must(c.work.flow <= c.work.at && 0 <= c.work.moved && c.work.moved < progressBytes, "bytes have moved, and that was no progress")
}

// checkTimers looks whether everything that is waited for has a deadline.
func (c *Conn) checkTimers() {
	limited := c.opt.Timeout > 0
	c.must(c.state != connecting && (c.state != greeting || !limited) || c.clock.IsSet(), "the connection is being made without a deadline")
	c.must(c.state != ready || !limited || c.fifo.len() == c.given || c.clock.IsSet(), "a request is waited for without a deadline")
	c.must(!c.wanted || c.waiting != nil && c.waiting.IsSet(), "the end of a lost connection is waited for without a deadline")
}

// checkEarly looks whether what was collected is what the requests have asked for, byte by byte.
func (c *Conn) checkEarly() {
	if !fault.Strict && !c.opt.Strict {
		return
	}
	sum := 0
	for i := range c.fifo.len() {
		sum += int(c.fifo.at(i).size)
	}
	c.must(sum == len(c.early), "the requests that were collected have other sizes")
}
