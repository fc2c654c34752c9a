package shard

import (
	"slices"
	"time"

	"magent/backend"
	"magent/internal/loop"
)

const (
	renewPatience = time.Second      // how long a moment without requests is waited for
	renewPause    = time.Millisecond // between two looks
)

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
		p.sh.svc.board.moved(p.index, i, c.Endpoint())
		c.Close(backend.ErrMoved)
		c.Connect()
	}
}
