package pool

import (
	"fmt"
	"time"

	"magent/ascii"
	"magent/backend"
	"magent/internal/config"
)

// A member of a fleet that does not decide serves a pool as one with a single server, the owner, who does. Requests go
// to him as they would go to a memcached, and his replies go to the clients as they are: tokens of gets are his. There
// is nothing to repair, to probe, or to eject. While there is no owner, requests wait for the next one.

const (
	// OwnerWait is how long a request waits for an owner at least, and with the default lease.
	OwnerWait = 1500 * time.Millisecond
	// endless is how long the owner's answer is waited for if the pool sets no limit for replies.
	endless = 10 * time.Second
	// relayName is the name of the owner in errors.
	relayName = "fleet"
)

// OwnerWaitOf is how long a request waits for an owner in a fleet; nil: there is none. Who has chosen a longer lease,
// for machines that stand still at times, has owners change more slowly, too.
func OwnerWaitOf(f *config.Fleet) time.Duration {
	if f == nil {
		return OwnerWait
	}
	return max(OwnerWait, f.Lease*3/2)
}

// relayConfig returns the configuration of a pool as one with a single server. Its name says whose keys these are.
func relayConfig(cfg *config.Pool) *config.Pool {
	one := *cfg
	name := cfg.Servers[0].String()
	if more := len(cfg.Servers) - 1; more > 0 { // a pool that cannot be split
		name = fmt.Sprintf("%s and %d more", name, more)
	}
	one.Servers, one.Backups = []config.Address{{Host: relayName, Weight: 1, Name: name}}, nil
	one.Distribution, one.AutoEject, one.Ack = "modula", false, config.AckAll
	return &one
}

// addRelay adds the connection to the owner.
func (p *Pool) addRelay(r *backend.Relay) {
	// He needs up to two reply deadlines, for the two copies of a key, and may have to connect.
	answer := endless
	if p.Config.Timeout > 0 {
		answer = p.Config.ConnectTimeout + 2*p.Config.Timeout
	}
	p.Conns = []*backend.Conn{backend.NewConn(p.Loop.L, backend.Options{
		Name: relayName, Timeout: answer, ConnectTimeout: p.Loop.OwnerWait,
		DrainTime: DrainTime, Quarantine: Quarantine,
		MaxPending: MaxServerQueue, MaxValue: p.Limits.MaxValue, MaxUnsent: maxServerUnsent + p.Limits.MaxValue,
		MaxJoint: 1, // an error for one key must not be a miss of another
		Relay:    r,
	}, relayWatcher{})}
}

// relayWatcher is told about the connection to the owner.
type relayWatcher struct{}

// Recognized and the others are those of backend.Watcher.
func (relayWatcher) Recognized(*backend.Conn) bool { return true }

// Connected needs nothing: requests wait in the connection.
func (relayWatcher) Connected(*backend.Conn) {}

// Disconnected needs nothing: the connection makes the next one itself.
func (relayWatcher) Disconnected(*backend.Conn, error, bool) {}

// TimedOut gives a connection up on which nothing moves any more. What is asked next gets a clear error instead of one
// that says that nobody knows, until there is another owner, or this one goes on.
func (relayWatcher) TimedOut(c *backend.Conn) { c.Close(backend.ErrTimeout) }

// Over says that owners of epochs before this one decide for a relaying pool no more.
func (p *Pool) Over(epoch uint64) {
	for _, c := range p.Conns {
		c.Over(epoch)
	}
}

// Settled reports whether no request of a relaying pool has been sent to an owner who has neither answered nor given
// it back. What is left goes on to the pool that takes this one's place (Left).
func (p *Pool) Settled() bool {
	for _, c := range p.Conns {
		if c.Written() > 0 {
			return false
		}
	}
	return true
}

// Succeed has another pool take the place of p, which has left. What is still on its way to p from another loop goes
// there, if p was a relaying one.
func (p *Pool) Succeed(after *Pool) {
	if p.Relay {
		p.next = after
	}
}

// Successor returns the pool to which what is meant for p goes now.
func (p *Pool) Successor() *Pool {
	for p.next != nil {
		p = p.next
	}
	return p
}

// Answer passes the reply on to whoever waits for it.
func (l *Left) Answer(reply []byte) {
	var f ascii.Framer
	var r ascii.Reply
	if n, _, ok := f.Next(reply, l.Shape, &r); !ok || n != len(reply) {
		r = ascii.Reply{Kind: ascii.Lost}
	}
	l.To.OnReply(l.Slot, l.from, &r)
}

// handOn ends the connection to the owner, and keeps what may be carried out elsewhere.
func (p *Pool) handOn() {
	for _, c := range p.Conns {
		for _, l := range c.HandOn() {
			p.left = append(p.left, Left{l, c})
		}
	}
}

// Left returns, once, what the pool had not carried out when it left, in order. Each has to be answered.
func (p *Pool) Left() []Left {
	left := p.left
	p.left = nil
	return left
}

// Forsake answers what a relaying pool has not carried out with a line, and hands nothing to the owner any more.
func (p *Pool) Forsake(line []byte) {
	p.handOn()
	for _, l := range p.Left() {
		l.Answer(line)
	}
}
