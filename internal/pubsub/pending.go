package pubsub

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Pending is what the servers of a pool were asked to subscribe to, and have not replied to yet. All loops share it.
//
// A subscriber is asked for on a connection of its own, which may have to be made first. What is published goes over
// one that is there, so it could overtake what was asked before it. At one Redis it could not, and programs rely on
// that: they send SUBSCRIBE on one connection and a job on another, whose result is then published. So what comes
// behind waits (Follow).
type Pending struct {
	n  atomic.Int64 // how many are in at
	mu sync.Mutex
	at map[int][]*Asked // by server
}

// Asked is one command that was sent to one server. Replied has to be called for it.
type Asked struct {
	pending *Pending
	server  int
	behind  []*follower
}

// follower waits until nothing is left of what was asked before it.
type follower struct {
	left int // replies
	goOn func()
}

// Everywhere stands in place of a server for what concerns all of them.
const Everywhere = -1

// Ask notes that a server is asked now.
func (p *Pending) Ask(server int) *Asked {
	a := &Asked{pending: p, server: server}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at == nil {
		p.at = map[int][]*Asked{}
	}
	p.at[server] = append(p.at[server], a)
	p.n.Add(1)
	return a
}

// Replied notes that the server has replied, or that nobody waits for that any more. Only the first call counts.
func (a *Asked) Replied() {
	for _, f := range a.pending.remove(a) {
		f.goOn()
	}
}

// remove returns those who waited for a alone.
func (p *Pending) remove(a *Asked) (ready []*follower) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.at[a.server], a)
	if i < 0 {
		return nil
	}
	p.at[a.server] = slices.Delete(p.at[a.server], i, i+1)
	p.n.Add(-1)
	for _, f := range a.behind {
		if f.left--; f.left == 0 {
			ready = append(ready, f)
		}
	}
	return ready
}

// Any reports whether there is anything that Follow may have to wait for.
func (p *Pending) Any() bool { return p.n.Load() > 0 }

// Follow reports whether something has to wait that is for a server, or for Everywhere. If so, goOn is called once
// when all that was asked before has been replied to: on any loop, maybe before Follow returns. What is asked later is
// not waited for.
func (p *Pending) Follow(server int, goOn func()) (waits bool) {
	f := &follower{goOn: goOn}
	p.mu.Lock()
	defer p.mu.Unlock()
	for at, asked := range p.at {
		if at != server && server != Everywhere {
			continue
		}
		for _, a := range asked {
			a.behind = append(a.behind, f)
			f.left++
		}
	}
	return f.left > 0
}
