package session

import (
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/call"
	"magent/internal/pool"
)

// Options are those of all clients.
type Options struct {
	Log            zerolog.Logger
	Version        string        // what clients get for the command version
	Window         int           // keys that a client may have in flight at first
	MaxAssembly    int           // bytes that the clients of a loop may have sent in part
	Slow           time.Duration // requests that take longer are logged; 0: none
	SlowKeys       bool          // with their keys
	RequestTimeout time.Duration // for the rest of a request; 0: for ever
	IdleTimeout    time.Duration // for the next request; 0: for ever

	// Stats answers a call by which a client of a pool asks for figures. It is called on the client's loop, and may answer later.
	Stats func(sh *Shard, p *pool.Pool, c *call.Call, what string)
	// GiveBack has memory go back to the system, beside the loops, unless that is being done. It reports whether it begins.
	GiveBack func() bool
}

// Group is what the clients of all loops share. But for what is atomic it is changed only while no loop runs, or all stand still.
type Group struct {
	Options
	Shards  []*Shard
	Clients atomic.Int64
	ByPool  []*atomic.Int64 // clients, by the index of their pool

	seed       maphash.Seed
	complaints complaints
}

// NewGroup begins without a loop: NewShard adds one.
func NewGroup(o Options) *Group { return &Group{Options: o, seed: maphash.MakeSeed()} }

// OwnerOf names the shard that carries out all requests for a key. It may be called from any goroutine.
func (g *Group) OwnerOf(key []byte) *Shard {
	return g.Shards[maphash.Bytes(g.seed, key)%uint64(len(g.Shards))]
}

// Admit counts a client of the pool with the index, and returns the shard with the fewest, on which it is to be opened.
func (g *Group) Admit(pool int) *Shard {
	g.Clients.Add(1)
	g.ByPool[pool].Add(1)
	best := g.Shards[0]
	for _, sh := range g.Shards[1:] {
		if sh.load.Load() < best.load.Load() {
			best = sh
		}
	}
	best.load.Add(1)
	return best
}

// assemblyOf bounds Shard.Assembly, where so many bytes are the largest value.
func (g *Group) assemblyOf(largest int) int { return max(g.MaxAssembly, 2*largest) }
