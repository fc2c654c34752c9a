package backend

// arm sets the clock for the oldest request that is still waited for. Replies do not move the clock: tick finds out
// what is due. So a timer is set at most once per deadline, not once per request.
func (c *Conn) arm() {
	if c.relay != nil && c.state != ready {
		if c.fifo.len() > 0 && !c.clock.IsSet() {
			c.l.SetAt(c.clock, c.waitsUntil(c.fifo.at(0)))
		}
		return
	}
	if c.opt.Timeout > 0 && c.fifo.len() > c.given && !c.clock.IsSet() {
		c.l.SetAt(c.clock, c.work.due(c.fifo.at(c.given).at, c.opt.Timeout))
	}
}

// waitsUntil returns when a request is given up that waits for an owner.
func (c *Conn) waitsUntil(e *entry) int64 {
	until := max(e.at, c.relay.lostAt) + int64(c.opt.ConnectTimeout)
	if e.begun {
		until = min(until, e.at+int64(c.opt.Timeout))
	}
	return until
}
