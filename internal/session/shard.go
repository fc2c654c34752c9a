package session

import (
	"sync/atomic"

	"magent/ascii"
	"magent/internal/loop"
	"magent/internal/pool"
	"magent/internal/stats"
	"magent/resp"
)

// MaxUnsent bounds the bytes of replies that clients do not fetch, all clients of a loop together.
const MaxUnsent = 256 << 20

// Shard is one loop with its clients, and with its parts of the pools.
type Shard struct {
	pool.Loop
	group *Group
	Pools []*pool.Pool
	past  stats.Counters // of pools that were removed

	load      atomic.Int64 // clients given to this shard; read by the accepting one
	Sessions  map[*Session]struct{}
	req       ascii.Request // the request being served
	cmd       resp.Request  // and in a Redis pool
	queued    resp.Request  // a command of the transaction that is being executed
	clientIDs int64         // given to clients of Redis pools
	Assembly  int           // bytes of incomplete requests, and of transactions
	Unsent    int           // bytes of replies that the sockets did not take
	Searched  uint64        // bytes in which the end of a line was looked for in vain, for tests
	forwards  loop.Free[forward]
	fanouts   loop.Free[fanout]
	owed      int // bytes that were let go of, and may be given back to the system
	sweeper   *loop.Timer
	Line      []byte // scratch
	slow      slowLog
	drainDone func()
	demands   []*Demand // by the index of the pool
}

// NewShard adds a loop, which does not run yet.
func (g *Group) NewShard(process *pool.Process) (*Shard, error) {
	l, err := loop.New()
	if err != nil {
		return nil, err
	}
	sh := &Shard{
		Loop: pool.Loop{Process: process, ID: len(g.Shards), L: l}, group: g,
		Sessions: map[*Session]struct{}{},
	}
	sh.forwards, sh.fanouts = loop.NewFree[forward](&sh.Spare), loop.NewFree[fanout](&sh.Spare)
	sh.sweeper = loop.NewTimer(sh.Sweep)
	g.Shards = append(g.Shards, sh)
	return sh, nil
}

// Start connects to all servers; it runs on the loop.
func (sh *Shard) Start() {
	sh.L.Set(sh.sweeper, sweepEvery)
	for _, p := range sh.Pools {
		p.Connect()
	}
}

// State is what can be told of a session. It is taken on its loop.
type State struct {
	Paused   bool   // requests wait that may not be served yet
	Partial  bool   // a request has arrived in part
	Answered bool   // all requests that were begun are answered
	Held     int    // bytes of replies that wait in the line
	Served   uint64 // requests
	Most     int    // of these in one turn
	Searched int    // bytes at the beginning of what is kept in which there is no line end
}

// State tells how the session is.
func (s *Session) State() State {
	return State{
		Paused: s.reading != flowing, Partial: s.kept > 0 || s.skip.Pending(), Answered: s.first == nil,
		Held: s.held, Served: s.served, Most: s.most, Searched: s.searched,
	}
}
