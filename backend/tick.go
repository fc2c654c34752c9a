package backend

import (
	"fmt"

	"magent/ascii"
	"magent/internal/fleet/forward"
)

// tick handles the end of a deadline. It gives up the requests that are due. Their entries stay in the FIFO, so that
// late replies are still matched.
func (c *Conn) tick() {
	switch {
	case c.state == ready:
		c.giveUp()
	case c.late: // the loop did not get to it
		c.begin()
	case c.relay != nil:
		c.expire()
	case c.shaking.cancel != nil:
		c.next(ErrHandshake)
	default:
		c.next(ErrConnect)
	}
	c.settled()
}

// giveUp is tick for an established connection.
func (c *Conn) giveUp() {
	epoch := c.epoch
	for c.given < c.fifo.len() {
		e := c.fifo.at(c.given)
		if c.work.due(e.at, c.opt.Timeout) > c.l.Now() {
			break
		}
		if c.relay != nil && c.given >= c.relay.Passed {
			c.fail(ErrTimeout) // the socket does not take it
			return
		}
		c.blame(fmt.Errorf("%w (%v)", ErrTimeout, c.opt.Timeout))
		n := 1 + uint64(e.extra)
		c.Stats.Timeouts += n
		if c.work.fault(e.at, c.l.Now(), c.opt.Timeout) {
			c.watcher.TimedOut(c)
		}
		if c.epoch != epoch {
			return // the connection was closed, and fail has answered everyone, this request first
		}
		to, slot := e.to, e.slot
		e.to = nil
		c.given++
		c.Stats.Errors += n
		if c.relay != nil {
			c.err = e.why(forward.Fates(forward.Expired, []forward.Request{{Mutation: !e.reads, Written: true}})[0])
		}
		to.OnReply(slot, c, &ascii.Reply{Kind: ascii.Lost})
		if c.epoch != epoch {
			return
		}
	}
	c.arm()
}
