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

// Follow renews the connection to server i, unless it goes to one of these addresses, which are those that the server's name
// has now. That costs nobody anything in a moment without requests in flight: those that come meanwhile are collected. When
// there is none until the deadline, it is done all the same, as with a server that fails.
func (p *Pool) Follow(i int, addrs []loop.Endpoint, deadline int64) {
	c := p.Conns[i]
	now := p.Loop.L.Now()
	switch {
	case p.Loop.Draining || !c.Ready() || slices.Contains(addrs, c.Endpoint()):
	case c.Pending() > 0 && now < deadline:
		p.Loop.L.Set(loop.NewTimer(func() { p.Follow(i, addrs, deadline) }), renewPause)
	default:
		p.Loop.Registry.Moved(p.records[i], c.Endpoint(), backend.ErrMoved)
		c.Close(backend.ErrMoved)
		c.Connect()
	}
}

// SwitchMaster has server i be the master that its Sentinels name, which has one of these addresses. The one before is no master any more,
// but may not know: for ten seconds it goes on confirming what is lost when it is told to be a replica. So nobody waits for a
// quiet moment. What is in flight gets an error, for nobody knows whether it counts, and what was sent before is not waited for:
// it cannot come behind what the new server is asked. That one is connected to at once, also if the one before was out of use.
func (p *Pool) SwitchMaster(i int, addrs []loop.Endpoint, askAgain func()) {
	c := p.Conns[i]
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
