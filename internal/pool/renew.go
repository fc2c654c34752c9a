package pool

import (
	"slices"
	"time"

	"magent/backend"
	"magent/internal/loop"
)

const (
	RenewPatience = time.Second           // how long a moment without requests is waited for
	renewPause    = time.Millisecond      // between two looks
	switchPause   = 20 * time.Millisecond // before a Sentinel is asked once more
)

// Follow renews the connection to server i, unless it goes to one of addrs, the addresses that the server's name has
// now. It waits for a moment without requests in flight: then nobody loses anything, because new requests are
// collected meanwhile. If there is no such moment until the deadline, the connection is renewed all the same, as if
// the server had failed.
func (p *Pool) Follow(i int, addrs []loop.Endpoint, deadline int64) {
	for _, v := range p.variants {
		v.Follow(i, addrs, deadline)
	}
	p.follow(i, addrs, deadline)
	p.followed(i, addrs, backend.ErrMoved)
}

func (p *Pool) follow(i int, addrs []loop.Endpoint, deadline int64) {
	c := p.Conns[i]
	now := p.Loop.L.Now()
	switch {
	case p.Loop.Draining || !c.Ready() || slices.Contains(addrs, c.Endpoint()):
	case c.Pending() > 0 && now < deadline:
		p.after(renewPause, func() { p.follow(i, addrs, deadline) })
	default:
		p.Loop.Registry.Moved(p.records[i], c.Endpoint(), backend.ErrMoved)
		c.Close(backend.ErrMoved)
		c.Connect()
	}
}

// SwitchMaster connects server i to the master that its Sentinels name, at one of addrs. It does not wait for a quiet
// moment. The former master may not know that it is one no more: for ten seconds it goes on confirming writes that are
// lost when it becomes a replica.
//
// Requests in flight get an error, because nobody knows whether they count. What was sent before is not waited for,
// since it cannot come behind what the new server is asked. The new server is connected at once, even if the one
// before was out of use.
func (p *Pool) SwitchMaster(i int, addrs []loop.Endpoint, askAgain func()) {
	for _, v := range p.variants {
		v.SwitchMaster(i, addrs, askAgain)
	}
	c := p.Conns[i]
	p.followed(i, addrs, backend.ErrReplaced)
	switch {
	case p.Loop.Draining || slices.Contains(addrs, c.Endpoint()):
	case c.Connecting(): // and nobody knows yet where to
		p.Loop.L.Set(loop.NewTimer(askAgain), switchPause)
	default:
		if c.Ready() {
			p.Loop.Registry.Moved(p.records[i], c.Endpoint(), backend.ErrReplaced)
		}
		c.Close(backend.ErrReplaced)
		c.Leave()
		c.Connect()
	}
}
