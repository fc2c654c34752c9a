package backend

import (
	"fmt"
	"math"
	"time"

	"magent/ascii"
	"magent/internal/fleet/forward"
)

// progress records when a server has last shown that it is working. Deadlines count from then on, so a server that is
// busy with earlier requests is not taken for one that hangs, however many there are.
//
// A request is given up
//   - when it has waited for Options.Timeout without any progress in that time. That is the server's fault.
//   - when it has waited maxWaits times as long, whatever the progress. That is the server's fault if fewer than
//     progressBytes have moved in the last Options.Timeout. This catches a server that keeps answering, but next to
//     nothing.
//
// There is progress when a reply arrives that is still waited for, and whenever progressBytes have moved. These
// are bytes of replies, and bytes of requests that were waiting because the socket was full. A socket that is not
// full accepts bytes even if the server hangs, so those do not count. Consequently a server that hangs is noticed
// within one Timeout after its last sign of work. A server that sends a large reply slowly has to send
// progressBytes per Timeout.
type progress struct {
	at    int64 // loop time of the last progress
	flow  int64 // loop time when progressBytes had moved last; never after at
	moved int   // bytes since then; less than progressBytes
}

const (
	// progressBytes count as progress. With a deadline of 200 ms that is 80 kB per second.
	progressBytes = 16 << 10
	// maxWaits limits the wait for one reply, in deadlines.
	maxWaits = 10
)

// MaxWait returns the longest time that a request waits for a server with this deadline.
func MaxWait(timeout time.Duration) time.Duration { return maxWaits * timeout }

// newProgress is for a server that has not shown anything yet.
func newProgress() progress { return progress{at: math.MinInt64, flow: math.MinInt64} }

// replied records a reply that was waited for.
func (p *progress) replied(now int64) { p.at = now }

// move records n bytes.
func (p *progress) move(n int, now int64) {
	if p.moved += n; p.moved >= progressBytes {
		p.at, p.flow, p.moved = now, now, 0
	}
}

// due returns when a request sent at that time is given up if there is no more progress.
func (p *progress) due(sent int64, timeout time.Duration) int64 {
	return min(max(sent, p.at)+int64(timeout), sent+int64(MaxWait(timeout)))
}

// fault reports whether it is the server's fault if a request sent at that time is given up now.
func (p *progress) fault(sent, now int64, timeout time.Duration) bool {
	return now >= max(sent, p.at)+int64(timeout) || now >= max(sent, p.flow)+int64(timeout)
}

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

// tick handles the end of a deadline. It gives up the requests that are due. Their entries stay in the FIFO, so that
// late replies are still matched.
func (c *Conn) tick() {
	switch {
	case c.state == ready:
		c.giveUp()
	case c.relay != nil:
		c.expire()
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
		c.err = fmt.Errorf("%w (%v)", ErrTimeout, c.opt.Timeout)
		c.Stats.Timeouts++
		if c.work.fault(e.at, c.l.Now(), c.opt.Timeout) {
			c.watcher.TimedOut(c)
		}
		if c.epoch != epoch {
			return // the connection was closed, and fail has answered everyone, this request first
		}
		to, slot := e.to, e.slot
		e.to = nil
		c.given++
		c.Stats.Errors++
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
