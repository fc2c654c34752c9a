package pool

import (
	"errors"
	"time"

	"magent/ascii"
	"magent/backend"
	"magent/failover"
	"magent/internal/access"
	"magent/internal/config"
	"magent/internal/dedicated"
	"magent/internal/distribute"
	"magent/internal/fleet/gate"
	"magent/internal/login"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/probe"
	"magent/internal/pubsub"
	"magent/internal/refill"
	"magent/internal/registry"
	"magent/internal/stats"
	"magent/replicate"
	"magent/replicate/repair"
	"magent/resp"
)

// Pool is one loop's part of a pool: connections, their states, and the engine that uses them. A Pool never changes
// its configuration. A reload that removes or changes the pool puts another Pool in its place, if any. So a request on
// its way to another loop refers to the part there (Peers), never to an index.
type Pool struct {
	Index       int     // its place among the pools of every loop; it belongs to the pool's name
	Peers       []*Pool // its parts on all loops, in their order, this one among them; the same slice for all
	Name        string
	Config      *config.Pool // the same for all loops; never changed, so it has as many servers as there are Conns
	began       int64        // loop time when this part was made
	Held        bool         // no new requests are accepted: the configuration is about to change
	Coming      bool         // it is made for a fleet, and shown to nobody before the process has it (owner.Follow)
	Relay       bool         // another member of the fleet decides: the one server is the owner (relay.go)
	Epoch       uint64       // in which this process decides for the pool; 0: there is no fleet, or it does not
	Loop        *Loop
	Users       *login.File     // who may use it; nil: everybody
	Limits      ascii.Limits    // of requests
	Meta        bool            // no server is known to lack the meta commands
	RedisLimits resp.Limits     // of requests, in a Redis pool
	Conns       []*backend.Conn // primaries, then backups
	Health      *failover.Machine
	Engine      *replicate.Engine  // in a Redis pool it gets no requests, and nothing is missed
	Commands    *distribute.Engine // of a Redis pool; nil: a pool of memcacheds
	Lines       *dedicated.Set     // the same: connections that clients do not share
	bound       *dedicated.Bound   // of Lines, the same for all loops
	Subscribing *pubsub.Pending    // the same for all loops
	Count       stats.Counters
	Hot         stats.HotKeys

	// Of a pool whose keys are in groups (placement.Groups): the groups' parts on this loop, by their share. The pool
	// itself has no servers then. nil: there are none.
	Groups []*Pool
	shares placement.Rings // find the group of a key
	Whole  *Pool           // of a group: the pool that it belongs to, on this loop; else nil

	// Of a Redis pool (variants.go):
	variants []variant        // its servers once more, as clients have asked for. That of RESP3 in RedisDB comes first
	lacking  bool             // it is a variant, and a server lacks its database
	known    map[int]struct{} // databases that a server was found to have
	past     []stats.Server   // by server: the figures of variants that were ended; nil: none was

	rings    placement.Rings
	behind   *config.Pool   // of a relaying pool: that of the owner
	left     []Left         // of a relaying pool that has left
	next     *Pool          // that has taken its place
	recorder *recorder      // nil: no journal
	tenure   *tenure        // nil: it does not decide for a fleet
	told     *told          // nil: nobody is told what servers have missed
	repair   *primaryRepair // nil: nothing is doubted later
	byConn   map[*backend.Conn]int

	// By server:

	moved    []func(key []byte) bool // reports keys that may be out of date there, while the engine distrusts it
	Recalled []bool                  // what it missed is known from an earlier process
	cutOff   []bool                  // it owed answers when the pool left
	sentBy   []time.Time             // when an earlier pool may have sent something last that it cannot take back
	records  []*registry.Record      // what is known of it, the same for all loops
	shown    []figures
	Access   []access.Dialer // how it is spoken to
	Stored   []Stored        // kept by the first loop
	walks    []*refill.Walk  // lists the keys that it lacks
	again    []*loop.Timer   // in a Sole pool: connects to it again

	timers map[*loop.Timer]struct{} // those that end with it (timers.go)

	overdue  bool        // no new requests are accepted before a flush_all whose time has passed
	flushDue int64       // on the first loop: when a flush_all is to be carried out, since 1970; 0: there is none
	flushing *loop.Timer // then; nil: it was never set
	carried  bool        // the same: it is being carried out

	recovered []func() // called once when it is repaired after a recall; nil: nobody waits
}

// Variant is how servers are spoken to: in a version of the protocol, and in a database.
type Variant struct {
	Proto resp.Proto
	DB    int
}

// variant is a part for a Variant.
type variant struct {
	Variant
	*Pool
	used int64 // loop time when a client has needed it last
}

// primaryRepair gives a primary the keys that it has missed. Then its backups are doubted.
type primaryRepair struct {
	primary int
	begun   bool                    // the keys are being copied
	doubts  []func(key []byte) bool // by server; nil: it is not doubted
	goOn    func()                  // is called when a server is connected
	end     func()                  // is called when the primary has the keys, or a server is lost
}

// Left is a request that a pool had not carried out when it left.
type Left struct {
	backend.Left
	from *backend.Conn
}

// Stored is what is known of the contents of a server, on the first loop.
type Stored struct {
	stats.Stored
	Asked int64 // when, in loop time; 0: never
	// Check is what came of asking, or what was known of the server before a reload.
	Check stats.Check
}

// Told notes what the server has said when it was asked, or why it has not. Then its last answer stays.
func (s *Stored) Told(answer stats.Stored, err error) {
	switch {
	case err == nil:
		s.Stored = answer
	case errors.Is(err, stats.ErrNoStats): // it has answered, if not as a memcached does
		err = nil
	default:
		err = probe.Reason(err)
	}
	s.Check = stats.NewCheck(time.Now(), err)
}

// figures is what stats needs to know of a server beside the counters of its connection. Those are not reset, because
// the state machine depends on them.
type figures struct {
	ejections uint64
	ejectedAt int64         // when this loop ejected the server last, in microseconds since 1970
	since     int64         // the same: when it took the server out of use, or used it again
	before    backend.Stats // what the connection had counted at the last reset
}

// tenure is what a pool has that decides in a term of a fleet: nothing is sent without the term's leave, and the other
// members are told of its connections and of what its servers have missed. It implements backend.Permit.
type tenure struct {
	p       *Pool
	term    *gate.Term
	waiting []announced // not kept by all yet, in the order of their numbers
}

// announced is a connection that carries requests when a record is kept.
type announced struct {
	c      *backend.Conn
	local  loop.Endpoint
	number uint64
}

// told tells the other members what servers have missed, after it was recorded here. It is a repair.Recorder.
type told struct {
	journal repair.Recorder // nil: there is no journal
	cfg     *config.Pool
	loop    int
	term    *gate.Term
}
