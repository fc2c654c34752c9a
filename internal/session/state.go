package session

import (
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"magent/ascii"
	"magent/internal/call"
	"magent/internal/loop"
	"magent/internal/pool"
	"magent/internal/stats"
	"magent/resp"
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

// Session is one client. Its line holds the calls whose replies are due, in the order of the requests; the reply of the
// first one is written, those behind it wait. Idle, a session holds no buffers. The rules at the fields are asserted in
// tests (invariant.go).
type Session struct {
	sh     *Shard
	pool   *pool.Pool
	demand *Demand // of the clients of the pool
	s      loop.Stream

	first, last *call.Call // the line: both or neither; while it is empty, what is counted of it is 0
	pending     int        // keys of the calls in the line
	window      int        // how many there may be
	held        int        // bytes of replies that wait in the line
	part        call.Part  // of the call being made
	keySize     int        // about the largest recent reply for one value; 0: there were none
	values      int        // that the replies to the calls in the line may have
	sent        int        // bytes of the requests in the line
	expected    int        // what the pool's demand knows of us
	wants       int        // bytes that the request which waits for its turn comes to
	need        int        // size of the request that has arrived in part, when known
	skip        ascii.Skip // what is still to be thrown away of a refused request
	long        *longGet   // a multi-get of many keys; nil once it is answered
	barrier     *call.Call // in the line: nothing behind it may be served before it is answered
	active      int64      // loop time at which something last came from it or went to it
	kept        int        // what sh.assembly knows of us
	since       int64      // loop time at which the first of what is kept came; 0: nothing is
	sinceServed uint64     // what served was then
	unsent      int        // what sh.unsent knows of us

	work     int    // what may still be done for it in this turn: bytes, and requestWork for each request
	workTurn int64  // which this turn is
	searched int    // bytes at the beginning of what is kept in which there is no line end
	served   uint64 // requests, and how many of them in this turn, and at most in one, for tests
	inTurn   int
	most     int

	// phase only goes forward. closing: requests may wait for the rest of a long multi-get only. lingering: no call is in
	// the line, and no request waits. closed: the line has been taken apart.
	phase phase
	// reading is flowing while requests are being served.
	reading reading
	// writing is soon or late when Flush will be called. It may be called once too often.
	writing writing
	// peer only goes forward. gone: the socket's buffer is empty, and stays so.
	peer peer
	// place is waiting exactly while demand has the session in its line, also when that has ended.
	place place
	// wrong: it ends over what the client has sent, or has not fetched, or because the client was lost.
	wrong bool
	// linger limits the time of lingering, and is nil before.
	linger *loop.Timer

	redis *redisClient // of a Redis pool, else nil
}

// Demand is what the clients of a pool on one loop have under way: the bytes of large requests, and of the replies that are
// expected, as far as their sizes can be guessed. A client counts until its last request is answered, also when it has gone.
type Demand struct {
	l         *loop.Loop
	Bytes     int        // the sum of session.expected
	Size      int        // about that of recent replies for a value; 0: there were none
	waiting   []*Session // those that want more than their share when there is no room; first come, first served
	scheduled bool       // Flush will be called
}
