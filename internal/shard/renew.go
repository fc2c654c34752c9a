package shard

import (
	"slices"
	"time"

	"magent/backend"
	"magent/internal/loop"
	"magent/internal/placement"
)

const (
	renewPatience = time.Second           // how long a moment without requests is waited for
	renewPause    = time.Millisecond      // between two looks
	switchPause   = 20 * time.Millisecond // before a Sentinel is asked once more
)

// found has all connections to a server look whether it has moved. It is called beside the loops; see discover.Options.
func (svc *Service) found(server string, addrs []loop.Endpoint, askAgain func()) {
	for _, sh := range svc.shards {
		sh.l.Post(loop.TaskFunc(func() { sh.found(server, addrs, askAgain) }))
	}
}

// found does that on its loop.
func (sh *Shard) found(server string, addrs []loop.Endpoint, askAgain func()) {
	for _, p := range sh.pools {
		for i := 0; p != nil && i < len(p.conns); i++ {
			switch {
			case placement.ServerAt(p.cfg, i).String() != server:
			case askAgain != nil:
				p.switchMaster(i, addrs, askAgain)
			default:
				p.follow(i, addrs, sh.l.Now()+int64(renewPatience))
			}
		}
	}
}

// follow renews the connection to server i, unless it goes to one of these addresses, which are those that the server's name
// has now. That costs nobody anything in a moment without requests in flight: those that come meanwhile are collected. When
// there is none until the deadline, it is done all the same, as with a server that fails.
func (p *pool) follow(i int, addrs []loop.Endpoint, deadline int64) {
	c := p.conns[i]
	now := p.sh.l.Now()
	switch {
	case p.sh.draining || !c.Ready() || slices.Contains(addrs, c.Endpoint()):
	case c.Pending() > 0 && now < deadline:
		p.sh.l.Set(loop.NewTimer(func() { p.follow(i, addrs, deadline) }), renewPause)
	default:
		p.sh.svc.registry.Moved(p.records[i], c.Endpoint(), backend.ErrMoved)
		c.Close(backend.ErrMoved)
		c.Connect()
	}
}

// switchMaster has server i be the master that its Sentinels name, which has one of these addresses. The one before is no master any more,
// but may not know: for ten seconds it goes on confirming what is lost when it is told to be a replica. So nobody waits for a
// quiet moment. What is in flight gets an error, for nobody knows whether it counts, and what was sent before is not waited for:
// it cannot come behind what the new server is asked. That one is connected to at once, also if the one before was out of use.
func (p *pool) switchMaster(i int, addrs []loop.Endpoint, askAgain func()) {
	c := p.conns[i]
	switch {
	case p.sh.draining || slices.Contains(addrs, c.Endpoint()):
	case c.Connecting(): // and nobody knows yet where to
		p.sh.l.Set(loop.NewTimer(askAgain), switchPause)
	default:
		if c.Ready() {
			p.sh.svc.registry.Moved(p.records[i], c.Endpoint(), backend.ErrReplaced)
		}
		c.Close(backend.ErrReplaced)
		c.Leave()
		c.Connect()
	}
}
