package backend

import "magent/internal/fault"

// check asserts the rules at the fields of Conn, after each request and event. Without assertions
// it costs next to nothing.
func (c *Conn) check() {
	if fault.Strict || c.opt.Strict {
		c.checkFields()
	}
}

// settled is check for the end of an event, when the timers are set as well.
func (c *Conn) settled() {
	if fault.Strict || c.opt.Strict {
		c.checkFields()
		c.checkTimers()
	}
}

// must panics with the rule if it is broken.
func (c *Conn) must(holds bool, rule string) {
	if !holds {
		panic("backend: " + c.opt.Name + ": " + rule)
	}
}

// checkFields looks only at the ends of the queue, because it is called for each request.
func (c *Conn) checkFields() {
	n := c.fifo.len()
	c.must(c.state != down || n == 0 && len(c.early) == 0 && c.broken == nil && c.need == 0 && c.s.FD() <= 0,
		"it is down, but something is left of the connection")
	c.must(c.state == ready || c.given == 0 && c.open == 0, "requests were sent before the connection was ready")
	c.must(c.state != ready || len(c.early) == 0, "collected requests were not sent")
	c.must(c.shaking.cancel == nil || c.state == connecting && c.s.FD() > 0,
		"a TLS handshake is under way without a socket that is being connected")
	c.must(!c.late || c.state == connecting && c.s.FD() <= 0, "an attempt that has not begun is one, or has ended")
	c.must(!c.shut || c.state == down, "it was shut, but is not down")
	c.must(!c.wanted || c.state == down, "a connect waits for the drains, but the connection is not down")
	c.must(0 <= c.given && c.given <= n, "more requests are given up than there are")
	c.must(c.given == 0 || c.fifo.at(c.given-1).to == nil, "a request that is given up has an owner")
	c.must(c.given == n || c.fifo.at(c.given).to != nil, "a request that is waiting has no owner")
	c.must(n == 0 || !c.fifo.at(n-1).more, "a joint get continues behind the last request")
	c.must(0 <= c.open && c.open <= n && c.open <= max(0, c.opt.MaxJoint),
		"a joint get that is not finished has more keys than requests")
	c.must(c.open == 0 || c.marked && c.fifo.at(n-1).joined && c.fifo.at(n-c.open).joined,
		"an unfinished line is not a joint get, or will not be finished")
	c.must(c.work.flow <= c.work.at && 0 <= c.work.moved && c.work.moved < progressBytes,
		"bytes have moved without counting as progress")
	if r := c.relay; r != nil {
		c.must(c.given <= r.Passed && r.Passed <= n, "requests are given up or passed on that are not")
		c.must(0 <= r.Unpassed && r.Unpassed <= r.Size() && (n == r.Passed) == (r.Unpassed == 0),
			"other bytes are to be passed on than those of the requests that were not")
		c.must(c.state == ready || r.Passed == 0, "requests were passed on before the connection was ready")
	}
}

// checkTimers asserts that everything that is waited for has a deadline.
func (c *Conn) checkTimers() {
	limited := c.opt.Timeout > 0
	if c.relay != nil && c.state != ready {
		c.must((c.fifo.len() > 0) == c.clock.IsSet(), "a request waits for an owner without a deadline")
		c.must(c.state != connecting || c.relay.making || c.relay.again.IsSet(), "nobody makes a connection")
		return
	}
	c.must(c.state != connecting && (c.state != greeting || !limited) || c.clock.IsSet(),
		"a connection is being made without a deadline")
	c.must(c.state != ready || !limited || c.fifo.len() == c.given || c.clock.IsSet(),
		"a request is waiting without a deadline")
	c.must(!c.wanted || c.waiting != nil && c.waiting.IsSet(),
		"a connection is being drained without a deadline")
}

// checkEarly asserts that the collected bytes are exactly those of the requests.
func (c *Conn) checkEarly() {
	if !fault.Strict && !c.opt.Strict {
		return
	}
	sum := 0
	for i := range c.fifo.len() {
		sum += int(c.fifo.at(i).size)
	}
	if c.relay != nil {
		c.must(sum == c.relay.Size(), "the kept requests have other sizes than their bytes")
		return
	}
	c.must(sum == len(c.early), "the collected requests have other sizes than their bytes")
}
