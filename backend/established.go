package backend

// established ends connecting: collected requests are sent, and their deadlines begin.
func (c *Conn) established() {
	known := c.watcher.Recognized(c)
	var strays fifo
	if !known {
		strays, c.fifo, c.early = c.fifo, fifo{}, nil
	}
	c.state = ready
	c.route.worked()
	c.since, c.work, c.spoke = c.l.Now(), newProgress(), false
	c.work.patient = c.opt.Redis != nil
	c.Stats.Connects++
	c.s.Reading(true)
	for i := range c.fifo.len() {
		c.fifo.at(i).at = c.l.Now()
	}
	c.l.Unset(c.clock)
	c.arm()
	c.checkEarly()
	c.withhold()
	if len(c.early) > 0 {
		c.s.Write(c.early)
	}
	c.early = nil
	c.flushLater()
	c.watcher.Connected(c)
	c.lose(strays, true)
}
