package backend

import (
	"time"

	"magent/internal/fleet/forward"
)

// Repeatable says, after a Send that was accepted, that the request changes nothing. So it may be sent again to the
// next owner.
func (c *Conn) Repeatable() {
	if c.relay != nil {
		c.fifo.at(c.fifo.len() - 1).reads = true
	}
}

// keep takes a request, which is sent at the end of the turn, or when there is a connection.
func (c *Conn) keep(head, body []byte) {
	c.Stats.Sent += uint64(len(head) + len(body))
	c.relay.Append(&c.l.Pool, head, body)
	if c.state == ready {
		c.flushLater()
	} else {
		c.arm()
	}
}

// maxPassed is how many bytes of requests the socket gets before it must have sent them all. What it has got counts as
// written, even if it was not sent.
const maxPassed = 256 << 10

// passOn sends what was kept and not sent.
func (c *Conn) passOn() error {
	r := c.relay
	for !r.leaving && !c.s.Blocked() && (r.asked || r.Unpassed > 0) {
		if r.asked {
			r.asked = false
			r.mark = forward.AppendMark(r.mark[:0], forward.Mark{Kind: forward.Answer, Time: c.opt.Relay.Clock()})
			c.s.Write(r.mark)
		}
		if r.Unpassed > 0 {
			if err := c.s.WriteLarge(c.pass()); err != nil {
				return err
			}
		}
		if err := c.s.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// pass writes the header for the next requests, and returns their bytes.
//
// Requests are given up Options.Timeout after they were sent first. The header says so by CLOCK_BOOTTIME. The loop's
// clock shows when the turn began, so what has passed of it is subtracted. Where the loop's clock stands still,
// requests are given up later.
func (c *Conn) pass() []byte {
	r := c.relay
	now, oldest, requests, bytes := c.l.Now(), c.l.Now(), 0, 0
	for at := r.Passed; at+requests < c.fifo.len() && bytes < maxPassed; requests++ {
		e := c.fifo.at(at + requests)
		if !e.begun {
			e.begun, e.at = true, now
		}
		oldest = min(oldest, e.at)
		bytes += int(e.size)
	}
	until := c.opt.Relay.Clock() + c.opt.Timeout - time.Duration(now-oldest) - c.l.Spent()
	header := forward.Mark{Kind: forward.Header, Epoch: r.epoch, Time: max(0, until)}
	r.mark = forward.AppendMark(r.mark[:0], header)
	c.s.Write(r.mark)
	if told := c.opt.Relay.Forwarded; told != nil {
		told(requests)
	}
	return r.Pass(requests, bytes)
}
