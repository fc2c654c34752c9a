package backend

import (
	"errors"

	"golang.org/x/sys/unix"

	"magent/ascii"
	"magent/internal/fleet/forward"
	"magent/internal/loop"
)

// relink ends a connection to an owner because of err, and goes on with the next one. It tells the Watcher first, then
// those whose requests are not sent again.
func (c *Conn) relink(err error) {
	if c.state == connecting {
		return // there is none yet
	}
	r := c.relay
	useful := c.state == ready && c.l.Now()-c.since >= int64(relinkPause)
	c.missed = c.state == ready || c.fifo.len() > 0
	c.err = err
	c.Stats.ended(err)
	lost := c.sortOut(err)
	c.state = connecting
	r.disuse()
	c.epoch++
	c.need, c.framer = 0, ascii.Framer{}
	c.broken, c.doubt = nil, nil
	r.leaving, r.asked, r.lostAt = false, false, c.l.Now()
	c.part(err)
	c.l.Unset(r.grace)
	c.l.Unset(c.clock)
	c.arm()
	c.check()
	c.checkEarly()
	c.watcher.Disconnected(c, err, false)
	switch {
	case c.state != connecting: // it was shut
	case useful:
		c.link()
	default:
		c.linkLater()
	}
	c.loseFor(lost)
}

// part closes the socket, or drains it if the other side may not have seen its end.
func (c *Conn) part(err error) {
	if errors.Is(err, ErrReturned) || errors.Is(err, ErrClosed) || errors.Is(err, unix.ECONNRESET) ||
		errors.Is(err, unix.EPIPE) {
		c.s.Close()
		return
	}
	r, before := c.relay, len(c.drains)
	c.drain()
	r.blind = r.blind || len(c.drains) == before
	r.safeAt = c.l.Now() + int64(c.opt.Timeout)
}

// unanswered is a request that is not sent again.
type unanswered struct {
	entry
	why error
}

// sortOut keeps the requests that are sent again, and returns the others.
func (c *Conn) sortOut(err error) (lost []unanswered) {
	r := c.relay
	before, kept := c.fifo, r.Backlog
	fates := c.fates(err)
	c.fifo, c.given, r.Backlog = fifo{}, 0, forward.Backlog{}
	rest := kept.Bytes()
	for i, fate := range fates {
		e := before.at(i)
		request := rest[:e.size]
		rest = rest[e.size:]
		switch {
		case e.to == nil: // it was given up
		case fate == forward.Again:
			*c.fifo.push() = *e
			r.Append(&c.l.Pool, request, nil)
		default:
			lost = append(lost, unanswered{*e, e.why(fate)})
		}
	}
	kept.Release(&c.l.Pool)
	return lost
}

// why returns what is said of a request with this fate.
func (e *entry) why(fate forward.Fate) error {
	switch {
	case fate == forward.Unknown:
		return ErrUnknown
	case e.reads && e.begun:
		return ErrUnread
	}
	return ErrNobody
}

// fates returns what becomes of the requests in fifo when the connection ends.
func (c *Conn) fates(err error) []forward.Fate {
	r, end := c.relay, forward.Broken
	if errors.Is(err, ErrReturned) {
		end = forward.Returned
	}
	requests := make([]forward.Request, c.fifo.len())
	rest := r.Bytes()
	for i := range requests {
		e := c.fifo.at(i)
		requests[i] = forward.Request{
			Mutation: !e.reads, Written: i < r.Passed,
			Expired: e.begun && c.state == ready && c.work.due(e.at, c.opt.Timeout) <= c.l.Now(),
			Keys:    forward.KeysIn(rest[:e.size]),
		}
		rest = rest[e.size:]
	}
	return forward.Fates(end, requests)
}

// loseFor answers requests with ascii.Lost. Err is meanwhile why each of them is lost.
func (c *Conn) loseFor(lost []unanswered) {
	err := c.err
	for _, u := range lost {
		c.err = u.why
		c.Stats.Errors++
		u.to.OnReply(u.slot, c, &ascii.Reply{Kind: ascii.Lost})
	}
	if len(lost) > 0 {
		c.err = err
	}
}

// expire gives up requests that have waited too long for an owner.
func (c *Conn) expire() {
	var lost []unanswered
	for c.fifo.len() > 0 && c.waitsUntil(c.fifo.at(0)) <= c.l.Now() {
		e := c.fifo.pop()
		c.relay.Forget(int(e.size))
		lost = append(lost, unanswered{e, ErrNobody})
	}
	c.relax()
	if len(lost) > 0 && c.state == greeting {
		c.relink(ErrConnect)
	}
	c.arm()
	c.loseFor(lost)
}

// relax gives the buffer of the backlog back if it is empty.
func (c *Conn) relax() {
	if c.relay != nil && c.fifo.len() == 0 && c.relay.Holds() {
		c.relay.Release(&c.l.Pool)
	}
}

// unlink is the end of what a Conn has for owners.
func (r *relayed) unlink(l *loop.Loop) {
	r.Release(&l.Pool)
	r.leaving, r.asked = false, false
	r.disuse()
	l.Unset(r.again)
	l.Unset(r.grace)
}
