package pool

import (
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"magent/backend"
	"magent/internal/access"
	"magent/internal/discover"
	"magent/internal/fence"
	"magent/internal/fleet/gate"
	"magent/internal/journal"
	"magent/internal/loop"
	"magent/internal/refill"
	"magent/internal/registry"
	"magent/internal/underway"
)

// Process is what the pools on all loops share. Apart from Standby it is changed only while no loop runs, or while all
// stand still.
type Process struct {
	Log      zerolog.Logger
	Registry *registry.Registry
	Servers  *discover.Servers
	Walks    *refill.Walks
	Journal  *journal.Journal // nil: none
	Underway *underway.Memory // nil: none
	Files    access.Files     // of the pools; those of a pool are read before it is made
	Fences   *fence.Set       // of the process before this one, if it was killed; nil: none

	Handshakes *access.Handshakes // with servers

	Started time.Time   // when the process began to serve
	VIP     bool        // there is a virtual address
	Standby atomic.Bool // and another proxy has it, see role.go

	Gate *gate.Gate // of a member of a fleet; nil: this is none

	Threads   int                  // loops
	MaxValue  int                  // bytes, where a pool has no limit of its own
	MaxDirty  int                  // keys, likewise
	MaxJoint  int                  // keys of gets that share a command line on their way to a server
	Flushable time.Duration        // how long a server waits that holds what is out of date
	OwnerWait time.Duration        // how long a request waits for an owner, in a fleet
	Owner     func(key []byte) int // the loop that owns a key; for goroutines beside the loops, too
}

// Loop is one event loop, as far as pools are concerned. Draining and Yielding stop the work that no client asked for.
// Whoever ends Yielding calls Admit and Refill of each pool.
type Loop struct {
	*Process
	ID    int
	L     *loop.Loop
	Spare loop.Spare // what the free lists keep

	Connecting backend.Later // to servers of pools that have just been made

	// FlushDue carries out a flush_all of the pool with this index on all loops that was to take effect at due, unless
	// another one replaces it meanwhile. done gets the reply, which is borrowed.
	FlushDue func(pool int, due int64, done func(reply []byte))

	GoOn func()       // looks for clients that need not wait any more
	Kept *gate.Waiter // has the loop look what is kept; nil: without a Gate

	Draining bool // clients are sent away: connections that have moved are not made anew
	Yielding bool // another process is about to take over: servers that return have to wait for that
	Still    bool // likewise, when what has arrived was served: clients, and links of members, begin nothing
	Changing bool // a fleet is about to place keys in another way: clients of memcacheds begin nothing
}
