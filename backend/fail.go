package backend

import (
	"errors"
	"time"

	"magent/ascii"
)

// fail takes the connection down. It tells the Watcher first, then everyone who waits for a reply.
func (c *Conn) fail(err error) {
	if c.relay != nil {
		if !c.shut {
			c.relink(err)
			return
		}
		c.relay.unlink(c.l)
	}
	quiet := c.fifo.len() == 0
	idle := errors.Is(err, ErrClosed) && quiet && c.proven() || errors.Is(err, ErrMoved) && quiet ||
		errors.Is(err, ErrReplaced)
	c.blame(err)
	c.Stats.ended(err)
	c.missed = c.state == ready || c.fifo.len() > 0
	begun := c.state == ready // else requests were only collected
	sent := begun && !quiet
	if c.lasted = 0; begun {
		c.lasted = max(1, time.Duration(c.l.Now()-c.since))
	}
	c.state, c.late = down, false
	c.epoch++
	c.need = 0
	c.framer, c.resp = ascii.Framer{}, c.newRespFramer()
	c.early, c.broken, c.doubt, c.open = nil, nil, nil, 0
	c.l.Unset(c.clock)
	c.shaking.end()
	switch {
	case c.s.FD() <= 0:
	case errors.Is(err, ErrForbidden):
		resetAtClose(c.s.FD())
		c.s.Close()
		c.ended(false)
	case MayGoOn(err) && !idle:
		c.drain()
	default:
		c.s.Close()
		c.ended(leftNothing(err, sent))
	}
	waiting := c.fifo
	c.fifo, c.given = fifo{}, 0
	c.check()
	c.watcher.Disconnected(c, err, idle)
	c.lose(waiting, !begun)
}

// blame notes an error. It is the server's failure, unless we have ended the connection for a reason of our own.
func (c *Conn) blame(err error) {
	c.err = err
	for _, ours := range []error{ErrShutdown, ErrRefill, ErrMoved, ErrReplaced, ErrForbidden} {
		if errors.Is(err, ours) {
			return
		}
	}
	c.failed = failure{c.l.Now(), err}
}

// lose answers all requests in waiting with ascii.Lost. unsent: nothing of them was written.
func (c *Conn) lose(waiting fifo, unsent bool) {
	lost := ascii.Reply{Kind: ascii.Lost, Unsent: unsent}
	for waiting.len() > 0 {
		if e := waiting.pop(); e.to != nil {
			c.Stats.Errors += 1 + uint64(e.extra)
			e.to.OnReply(e.slot, c, &lost)
		}
	}
}

// proven reports whether the connection has been of use: it has brought a reply, or has lasted. If a connection is
// closed right after it was made, something else listens in the place of the server.
func (c *Conn) proven() bool {
	must := lasting
	if c.opt.Redis != nil || c.opt.Knock && !c.opt.Greet {
		must = lastingKnown
	}
	return c.state == ready && (c.spoke || c.l.Now()-c.since >= int64(must))
}

// How long a connection without a reply to a request has to live to be proven. lastingKnown is for servers without
// other copies that have answered the first commands. It keeps a server that answers these and closes the connection
// from being connected to again and again without a pause.
const (
	lasting      = time.Second
	lastingKnown = 50 * time.Millisecond
)

// lost ends an established connection.
func (c *Conn) lost(err error) {
	if hungUp(err) {
		err = ErrClosed
	}
	c.fail(err)
}

// Close ends the connection. Requests in flight are lost.
func (c *Conn) Close(err error) {
	if c.state != down {
		c.fail(err)
	}
}
