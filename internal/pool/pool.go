package pool

import (
	"time"

	"magent/ascii"
	"magent/backend"
	"magent/failover"
	"magent/internal/config"
	"magent/internal/distribute"
	"magent/internal/refill"
	"magent/internal/registry"
	"magent/internal/stats"
	"magent/replicate"
	"magent/resp"
)

// Pool is one shard's part of a pool: connections, their states, and the engine that uses them. A reload that removes or changes
// the pool puts another one in its place, if any; it is never changed into that. So what is on its way to another loop holds the
// part there (peers), never an index.
type Pool struct {
	Index       int     // its place among the pools of every loop: that of its name, which no other name gets
	Peers       []*Pool // its parts on all loops, in their order, this one among them; the same slice for all
	Name        string
	Config      *config.Pool // the same for all loops
	began       int64        // loop time at which this part was made
	Held        bool         // nothing new is taken on: the configuration is about to change
	Loop        *Loop
	Limits      ascii.Limits    // of requests
	RedisLimits resp.Limits     // of requests, in a Redis pool
	Conns       []*backend.Conn // primaries, then backups
	Health      *failover.Machine
	Engine      *replicate.Engine  // of a Redis pool: it gets no requests, and knows that nothing was missed
	Commands    *distribute.Engine // of a Redis pool; nil: of memcacheds
	Count       stats.Counters
	Hot         stats.HotKeys

	recorder *recorder               // nil: no journal
	moved    []func(key []byte) bool // by server: tells keys that may be out of date there, while the engine has it Distrusted
	Recalled []bool                  // by server: what it missed is known from an earlier process
	cutOff   []bool                  // by server: it had requests to answer when the pool left
	sentBy   []time.Time             // by server: when a pool before this one may have sent something last, that it cannot take back
	byConn   map[*backend.Conn]int
	records  []*registry.Record // by server: what is known of it, the same for all loops
	shown    []figures          // by server
	Stored   []Stored           // by server; kept by the first loop
	walks    []*refill.Walk     // by server: what lists the keys that it lacks
}

// Stored is what is known of what a server stores, on the first loop.
type Stored struct {
	stats.Stored
	Asked int64 // when, in loop time; 0: never
}

// figures is what stats needs to know of a server beside what its connection counts. That count goes on at a reset,
// because the machine draws conclusions from it.
type figures struct {
	ejections uint64
	ejectedAt int64         // when this loop ejected the server last, in microseconds since 1970
	before    backend.Stats // what the connection had counted at the last reset
}
