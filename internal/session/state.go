package session

import (
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"magent/ascii"
	"magent/internal/between"
	"magent/internal/binary"
	"magent/internal/call"
	"magent/internal/complaints"
	"magent/internal/fleet/forward"
	"magent/internal/fleet/gate"
	"magent/internal/lifecycle"
	"magent/internal/login"
	"magent/internal/loop"
	"magent/internal/pieces"
	"magent/internal/pool"
	"magent/internal/redisclient"
	"magent/internal/slowlog"
	"magent/internal/stats"
)

// Options are the same for all clients.
type Options struct {
	Log            zerolog.Logger
	Version        string        // what clients get for the command version
	Window         int           // keys that a client may have in flight at first
	MaxAssembly    int           // bytes that the clients of a loop may have sent in part
	Slow           time.Duration // requests that take longer are logged; 0: none
	SlowKeys       bool          // with their keys
	RequestTimeout time.Duration // for the rest of a request; 0: for ever
	IdleTimeout    time.Duration // for the next request; 0: for ever

	// Stats answers a call by which a client of a pool asks for figures. It is called on the client's loop. The answer
	// may come later.
	Stats func(sh *Shard, p *pool.Pool, c *call.Call, what string)
	// GiveBack returns memory to the system, beside the loops. It reports whether that begins; it does not if it is
	// still at work.
	GiveBack func() bool
	// Clock returns the time by CLOCK_BOOTTIME. It is called on all loops.
	Clock func() time.Duration
}

// Group is what the clients of all loops share. Apart from its atomic fields it is changed only while no loop runs, or
// while all stand still.
type Group struct {
	Options
	Shards  []*Shard
	Clients atomic.Int64
	ByPool  []*atomic.Int64 // clients, by the index of their pool

	opened     atomic.Int64 // links, so far
	loops      *between.Group
	complaints complaints.Book
}

// Shard is one loop with its clients and its parts of the pools.
type Shard struct {
	pool.Loop
	group *Group
	Pools []*pool.Pool
	past  stats.Counters // of pools that were removed

	load      atomic.Int64 // clients given to this shard; read by the accepting one
	sessions  []*Session   // each knows its index
	partials  loop.Free[partial]
	outputs   loop.Free[gate.Output]
	Redis     redisclient.Loop
	waiting   []*Session    // whose output waits for records
	req       ascii.Request // the request being served
	assembly  int           // bytes of incomplete requests, and of transactions that are being collected
	unsent    int           // bytes of replies that the sockets did not accept
	looked    uint64        // sessions that Replace has looked at, for tests
	searched  uint64        // bytes that were searched for the end of a line without finding it, for tests
	Others    *between.Loop // the way to the other loops
	owed      int           // bytes that were freed, and may be returned to the system
	sweeper   *loop.Timer
	packet    binary.Request // the request of a binary client that is being served
	text      []byte         // the same as text; scratch
	head      []byte         // of a reply to it; scratch
	slow      slowlog.Log
	drainDone func()
	demands   []*Demand // by the index of the pool
	links     int       // sessions of members
}

// Session is one client. Its line holds the calls whose replies are due, in the order of the requests. The reply of
// the first call is written; the others wait. The rules at the fields are asserted in tests (invariant.go).
//
// An idle session holds no buffers, and is small: what few need, or not for long, is behind a pointer (extra.go).
type Session struct {
	sh      *Shard
	pool    *pool.Pool
	demand  *Demand // of the clients of the pool
	s       loop.Stream
	redis   *redisclient.Client // of a Redis pool, else nil
	more    *extra              // nil: there is nothing of it
	partial *partial            // nil: nothing of it is set
	due     *gate.Output        // output that waits for records; nil: none does

	// The line of calls. first and last are both nil, or neither is. What is counted of an empty line is 0.
	first, last *call.Call
	barrier     *call.Call // a call in the line; nothing behind it may be served before it is answered
	pending     int32      // keys of the calls in the line
	values      int32      // how many values the replies to them may have
	sent        int        // bytes of the requests in the line
	held        int        // bytes of replies that wait in the line

	// What the client may ask for (window.go, demand.go).
	window   int32 // how large pending may be
	keySize  int32 // about the largest recent reply for one value, in bytes; 0: there was none
	expected int   // bytes that demand counts for this session
	wants    int   // bytes of the request that waits for its turn; 0: none does
	active   int64 // loop time when something last arrived from the client, or was answered
	unsent   int   // bytes that Shard.unsent counts for this session

	// The client's share of a turn (turn.go).
	work     int       // what may still be done in this turn: bytes, and requestWork for each request
	workTurn int64     // the turn that work is for
	served   uint64    // requests
	inTurn   uint16    // how many of them in this turn, for tests
	most     uint16    // the most in one turn, for tests
	index    int32     // in Shard.sessions, until it is closed
	tls      uint16    // the version of TLS; 0: the client speaks plain text
	part     call.Part // of the call that is being made

	// phase only moves forward. closing: only the rest of a long multi-get may wait. lingering: the line is empty, and
	// no request waits. closed: the line has been taken apart.
	phase lifecycle.Phase
	// reading is flowing while requests are being served.
	reading lifecycle.Reading
	// writing is soon or late if Flush will be called. Flush may also be called without need.
	writing lifecycle.Writing
	// peer only moves forward. gone: the socket's output buffer is empty and stays empty.
	peer lifecycle.Peer
	// place is waiting exactly while demand has the session in its line, even after the session has ended.
	place place
	// wrong: the session counts as a client error. The client has sent something wrong, has not read its replies, or
	// was lost.
	wrong      bool
	queued     bool // the session is in Shard.waiting
	subscribed bool // the client of a Redis pool is sent messages
}

// extra is what few sessions have. It stays until their end.
type extra struct {
	binary   *binaryClient // of the binary protocol, else nil
	guard    *login.Guard  // until the client of a pool with passwords has authenticated, else nil
	link     *link         // the client is a member of the fleet, see link.go; else nil
	long     *pieces.Get   // a multi-get of many keys; nil once it is answered
	awaits   *pool.Pool    // the group of the next request; it waits while that is held. nil: none
	linger   *loop.Timer   // limits the time of lingering; before, it is nil
	behindAt int64         // loop time since which a subscriber has left more than slowUnsent; 0: it has not
}

// partial is what a session has while a request has arrived in part (assembly.go).
type partial struct {
	need     int        // size of the request, if it is known
	skip     ascii.Skip // what is still to be dropped of a request that was refused
	kept     int        // bytes that Shard.assembly counts for this session
	since    int64      // loop time when the first of them arrived; 0: there are none, or others were served
	searched int        // bytes at their beginning that have no end of a line
}

// link is what a session of a member of the fleet has beside those of clients.
type link struct {
	from   string // the member's name
	done   func()
	intake forward.Intake
	last   forward.Mark // the last word, once returning
	state  linkState    // only moves forward
	mark   []byte       // scratch
}

// linkState is how far a link has come to its end.
type linkState uint8

const (
	carrying  linkState = iota
	returning           // nothing more is begun; the last word follows the answers to what was
	returned            // the last word is written
	broken              // it is not needed any more, and has no last word
)

// place is where a session stands in the line of its pool's Demand.
type place uint8

const (
	apart   place = iota // it is not in the line
	waiting              // it is among Demand.waiting, once
	first                // it has just left the line, and may ask for what it likes; only in Demand.Flush
)

// Demand is what the clients of a pool on one loop have under way. It counts the bytes of large requests and of the
// replies that are expected, as far as their sizes can be guessed. A client counts until its last request is answered,
// even if it has gone.
type Demand struct {
	l         *loop.Loop
	Bytes     int        // the sum of Session.expected
	Size      int        // about the size of recent replies for one value, in bytes; 0: there were none
	waiting   []*Session // clients that want more than their share; the first comes first
	scheduled bool       // Flush will be called
}
