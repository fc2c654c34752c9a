package backend

import (
	"fmt"
	"math"
	"time"

	"magent/ascii"
)

// progress is when a server has last shown that it is at work. Deadlines count from then: a server that is busy with what
// was asked before is not taken for one that hangs, however much we have asked of it.
//
// A request is given up
//   - when it has waited for Options.Timeout, and there was no progress for as long. That is the server's fault.
//   - when it has waited for maxWaits times as long, whatever there was. That is the server's fault if it has not moved
//     progressBytes within the last Options.Timeout: so one is noticed, too, that keeps answering, but next to nothing.
//
// There is progress when a reply has come that somebody still waits for, and with each progressBytes that have moved: of
// replies, to whomever, or of our requests, where those go out because a socket that was full takes bytes again. (What a
// socket takes that is not full says nothing: it would take as much if the server hung.) So a server that hangs is noticed within one Timeout of its last sign of work, and a server that sends a
// large reply drop by drop has to send progressBytes in each Timeout.
type progress struct {
	at    int64 // when there was progress last, loop time
	flow  int64 // when progressBytes had moved last; not after at
	moved int   // bytes since then; less than progressBytes
}

const (
	// progressBytes make a progress. With a deadline of 200 ms that is 80 kB a second.
	progressBytes = 16 << 10
	// maxWaits bounds the wait for one reply, in deadlines.
	maxWaits = 10
)

// MaxWait is how long a request to a server waits at most, with this deadline.
func MaxWait(timeout time.Duration) time.Duration { return maxWaits * timeout }

// newProgress is that of a server of which nothing has been seen.
func newProgress() progress { return progress{at: math.MinInt64, flow: math.MinInt64} }

// replied notes a reply that was waited for.
func (p *progress) replied(now int64) { p.at = now }

// move notes n bytes.
func (p *progress) move(n int, now int64) {
	if p.moved += n; p.moved >= progressBytes {
		p.at, p.flow, p.moved = now, now, 0
	}
}

// due is when a request that was sent at some time is given up, if there is no progress from now on.
func (p *progress) due(sent int64, timeout time.Duration) int64 {
	return min(max(sent, p.at)+int64(timeout), sent+int64(MaxWait(timeout)))
}

// fault reports whether it is the server's fault that a request sent at some time is given up now.
func (p *progress) fault(sent, now int64, timeout time.Duration) bool {
	return now >= max(sent, p.at)+int64(timeout) || now >= max(sent, p.flow)+int64(timeout)
}

// arm sets the clock for the oldest request that is still waited for. It is not moved when replies come: tick looks
// what is due, so a timer is set once per deadline at most, not once per request.
func (c *Conn) arm() {
	if c.opt.Timeout > 0 && c.fifo.len() > c.given && !c.clock.IsSet() {
		c.l.SetAt(c.clock, c.work.due(c.fifo.at(c.given).at, c.opt.Timeout))
	}
}

// tick gives up what is over its deadline. The entry stays in the FIFO, so that a late reply still finds its place
// and the ones behind it theirs.
func (c *Conn) tick() {
	if c.state != ready {
		c.next(ErrConnect)
	} else {
		c.giveUp()
	}
	c.settled()
}

// giveUp is tick when the connection is there.
func (c *Conn) giveUp() {
	epoch := c.epoch
	for c.given < c.fifo.len() {
		e := c.fifo.at(c.given)
		if c.work.due(e.at, c.opt.Timeout) > c.l.Now() {
			break
		}
		c.err = fmt.Errorf("%w (%v)", ErrTimeout, c.opt.Timeout)
		c.Stats.Timeouts++
		if c.work.fault(e.at, c.l.Now(), c.opt.Timeout) {
			c.watcher.TimedOut(c)
		}
		if c.epoch != epoch {
			return // closed over it: fail has told everybody, the late one first
		}
		to, slot := e.to, e.slot
		e.to = nil
		c.given++
		c.Stats.Errors++
		to.OnReply(slot, c, &ascii.Reply{Kind: ascii.Lost})
		if c.epoch != epoch {
			return
		}
	}
	c.arm()
}
