package backend

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/fleet/forward"
	"magent/internal/loop"
)

// A member of a fleet that does not decide hands its requests to the owner, who does, over a connection like that to a
// server. It differs in this:
//
//   - Somebody else makes it (Maker), because it may be secured, and because nobody may decide at the moment. Requests
//     are collected meanwhile, each for at most Options.ConnectTimeout.
//   - The bytes of requests are kept until they are answered (Backlog). When the connection ends, those that may be
//     sent again go to the next owner, in order (relink.go). What becomes of the others is said by forward.Fates.
//   - Marks stand between requests and replies (package forward): until when requests may be carried out, the question
//     for this side's clock, and the word of an owner that he decides no more.
//
// The connection is never down between its beginning and Shut: it is connecting, greeting (the owner's first question
// has not come), or ready.

// Relay makes a connection one to the owner of a fleet.
type Relay struct {
	Maker Maker
	Clock func() time.Duration // CLOCK_BOOTTIME
}

// Maker makes connections to owners.
type Maker interface {
	// Make finds out who is the owner and connects to it, outside of the loop. Then it calls c.Made on the loop, once.
	// While there is no owner, it waits.
	Make(c *Conn)
}

// Link is a connection to an owner.
type Link struct {
	FD    int    // non-blocking; the Conn owns it
	Epoch uint64 // in which the owner at the other end was named
}

// Why requests to an owner are not answered, and why connections to owners end.
var (
	ErrNobody   = errors.New("no member decides at present, and this was not carried out")
	ErrUnknown  = errors.New("the member that decides did not answer: it is unknown whether this was carried out")
	ErrUnread   = errors.New("the member that decides did not answer")
	ErrReturned = errors.New("it decides no more")
	ErrOwner    = errors.New("another member decides now")
)

const (
	// relinkPause is the time between two attempts to connect to an owner, if the last one was in vain.
	relinkPause = 20 * time.Millisecond
	// returnTime is how long an owner that is one no more has to give back what it has not carried out.
	returnTime = 200 * time.Millisecond
)

// relayed is what a Conn has if it goes to owners.
type relayed struct {
	forward.Backlog // of all requests in fifo; with MaxUnsent bytes the connection is Full

	epoch   uint64 // of the owner at the other end, or of the last one
	over    uint64 // owners of this epoch and earlier ones decide no more
	making  bool   // Made will be called
	leaving bool   // the owner is one no more: it gets no more requests, and has until grace fires to give back
	asked   bool   // the owner wants to know the time
	lostAt  int64  // loop time when the last connection ended
	// After the end of a connection that the other side may not have seen, the same owner gets requests again when the
	// drains have ended, or when it is safeAt: whatever was sent there is too late then. blind: there is no drain.
	blind  bool
	safeAt int64
	again  *loop.Timer // the next attempt
	grace  *loop.Timer
	mark   []byte // scratch
}

func newRelayed(c *Conn) *relayed {
	r := &relayed{}
	r.again = loop.NewTimer(c.link)
	r.grace = loop.NewTimer(func() { c.Close(ErrOwner) })
	return r
}

// Epoch returns in which epoch the owner was named to whom the connection goes, or the last one went.
func (c *Conn) Epoch() uint64 { return c.relay.epoch }

// Over says that owners of epochs before this one decide no more. If the connection goes to such a one, it has a
// moment to give back what it has not carried out.
func (c *Conn) Over(epoch uint64) {
	r := c.relay
	if epoch == 0 || epoch-1 <= r.over {
		return
	}
	r.over = epoch - 1
	if c.s.FD() > 0 && r.epoch < epoch && !r.leaving && c.state != down {
		r.leaving = true
		c.l.Set(r.grace, returnTime)
	}
}

// link asks for a connection.
func (c *Conn) link() {
	if r := c.relay; c.state == connecting && !r.making {
		r.making = true
		c.opt.Relay.Maker.Make(c)
	}
}

// Made is the Maker's answer: a connection to the owner, or why there is none.
func (c *Conn) Made(l Link, err error) {
	r := c.relay
	r.making = false
	switch {
	case err == nil && (c.state != connecting || l.Epoch <= r.over || !c.safe(l.Epoch)):
		unix.Close(l.FD)
	case err == nil:
		c.cutDrains()
		r.blind, r.epoch = false, l.Epoch
		if err = c.s.Open(c.l, l.FD, loop.Readable, c); err == nil {
			loop.LimitUnsent(l.FD, c.opt.Timeout)
			c.state, c.since = greeting, c.l.Now()
			return
		}
		unix.Close(l.FD)
		c.s = loop.Stream{}
	}
	if err != nil {
		c.err = err
	}
	if c.state == connecting {
		c.l.Set(r.again, relinkPause)
	}
}

// safe reports whether an owner cannot carry out any more what an earlier connection has brought it.
func (c *Conn) safe(epoch uint64) bool {
	r := c.relay
	return epoch > r.epoch || len(c.drains) == 0 && !r.blind || c.l.Now() >= r.safeAt
}

// linked ends connecting: the owner has asked its first question.
func (c *Conn) linked() {
	c.state = ready
	c.since, c.work, c.spoke = c.l.Now(), newProgress(), true
	c.Stats.Connects++
	c.l.Unset(c.clock)
	c.arm()
	c.watcher.Connected(c)
}

// takeMark takes what the owner says between two replies, and returns its length; 0: it is incomplete.
func (c *Conn) takeMark(data []byte) (n int, err error) {
	r := c.relay
	m, n, ok := forward.NextMark(data)
	switch {
	case !ok || m.Kind != forward.Question && m.Kind != forward.Return && n > 0:
		return 0, ErrGarbage
	case n == 0:
	case m.Kind == forward.Return:
		r.over = max(r.over, m.Epoch)
		return 0, ErrReturned
	default:
		r.asked = true
		c.flushLater()
		if c.state == greeting {
			c.linked()
		}
	}
	return n, nil
}
