package session

import (
	"magent/ascii"
	"magent/internal/call"
	"magent/internal/loop"
	"magent/internal/pool"
)

// Back-pressure: how much of one client's business may be unfinished before no more is read from it.
const (
	TurnWork     = 64 << 10  // what is done for a client in one turn, see session.spend
	RequestWork  = 512       // for each request
	statsWork    = 8 << 10   // for one that all loops have to be asked for
	WindowBytes  = 4 << 20   // bytes of the replies that are expected, and as many of requests
	WindowUnsent = 512 << 10 // bytes of replies that the client has not fetched, or that wait for one in front of them
	WindowStart  = 4         // keys in flight at first, for their values may be large; each one answered makes room for one more
	windowMax    = 512       // keys in flight at last
)

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

// scheduleFlush has Flush called at the end of the turn.
func (s *Session) scheduleFlush() {
	if s.writing != soon {
		s.writing = soon
		s.sh.L.Mark(s)
	}
}

// keep has what was not served yet wait, and counts it.
func (s *Session) keep(rest []byte) {
	s.s.Keep(rest)
	s.sh.Assembly += s.s.Kept() - s.kept
	s.kept = s.s.Kept()
	if s.kept == 0 {
		s.since = 0
	} else if s.since == 0 || s.sinceServed != s.served {
		s.since, s.sinceServed = s.sh.L.Now(), s.served
	}
}
