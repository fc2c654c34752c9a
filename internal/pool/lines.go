package pool

import (
	"magent/internal/dedicated"
	"magent/internal/loop"
	"magent/internal/pubsub"
)

// Connections of clients' own to the servers of a Redis pool. As with those that all share, each Variant
// has its own.

// addLines lets clients have connections of their own. bound and subscribing are those of all loops. room closes one
// that nobody uses.
func (p *Pool) addLines(bound *dedicated.Bound, subscribing *pubsub.Pending, room func() bool) {
	if p.Config.Redis {
		p.bound, p.Lines = bound, dedicated.NewSet(p.Loop.L, p.Commands.Servers, bound, room)
		p.Subscribing = subscribing
	}
}

// Hold has sessions start nothing new, because the configuration is about to change. Clients that wait at servers go
// on.
func (p *Pool) Hold() {
	p.Held = true
	p.Interrupt()
}

// Interrupt ends the waiting of clients at Redis servers.
func (p *Pool) Interrupt() { p.eachSet((*dedicated.Set).Interrupt) }

// followed ends clients' own connections to server i that are not to one of addrs.
func (p *Pool) followed(i int, addrs []loop.Endpoint, err error) {
	if p.Lines != nil && !p.Loop.Draining {
		p.Lines.Follow(i, addrs, err)
	}
}

// eachSet calls f for the connections that clients have for themselves.
func (p *Pool) eachSet(f func(*dedicated.Set)) {
	if p.Lines != nil {
		f(p.Lines)
	}
	for _, v := range p.variants {
		v.eachSet(f)
	}
}

// dropIdleLine closes a client's own connection that nobody uses, to make room for another. It reports whether there
// was one.
func (p *Pool) dropIdleLine() (dropped bool) {
	p.eachSet(func(s *dedicated.Set) { dropped = dropped || s.DropIdle() })
	return dropped
}
