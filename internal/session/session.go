package session

import (
	"golang.org/x/sys/unix"

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
// first one is written, those behind it wait. Idle, a session holds no buffers.
type Session struct {
	sh     *Shard
	pool   *pool.Pool
	demand *Demand // of the clients of the pool
	s      loop.Stream

	first, last *call.Call
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
	long        *longGet
	pieces      int        // calls in the line that are pieces of multi-gets
	pieceSize   int        // bytes of the largest reply to one since long began
	barrier     *call.Call // nothing behind it may be served before it is answered
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

	scheduled bool // Flush will be called
	yielded   bool // others come first: it goes on in the next turn
	late      bool // Flush will be called when the loop has nothing else to do
	queued    bool // in the line of the pool's demand
	turn      bool // first there
	paused    bool // requests lie in s.Tail that may not be served yet
	ended     bool // nothing more is read; closed when what was read is served and answered, and all is sent
	closing   bool // and what was read is not served
	eof       bool // the client has said that it sends no more
	gone      bool // the client is not there any more; what it has sent is served all the same
	failed    bool // the socket is dead
	wrong     bool // ended over what the client has sent
	linger    *loop.Timer
	broken    bool // a piece of a multi-get was an error: the pieces behind it are not shown
	found     bool // a piece of it was answered
	closed    bool

	redis *redisClient // of a Redis pool, else nil
}

// Open makes a session of an accepted socket.
func (sh *Shard) Open(fd, pool int) {
	p := sh.Pools[pool]
	if p == nil { // it has just been removed
		unix.Close(fd)
		sh.left(pool)
		return
	}
	s := &Session{sh: sh, pool: p, demand: sh.DemandOf(pool), window: sh.group.Window, active: sh.L.Now()}
	if p.Config.Redis {
		s.redis = newRedisClient(sh, p)
	}
	p.Count.TotalConnections++
	p.Count.CurrConnections++
	sh.Sessions[s] = struct{}{}
	if err := s.s.Open(sh.L, fd, loop.Readable, s); err != nil {
		s.close()
	} else if sh.Draining {
		s.finish()
	}
}

// OnReady is the loop's call.
func (s *Session) OnReady(ev loop.Events) {
	if s.failed {
		return
	}
	if s.linger != nil {
		s.discard()
		return
	}
	if ev&loop.Writable != 0 {
		s.active = s.sh.L.Now()
		if err := s.s.Flush(); err != nil {
			s.fail()
			return
		}
		s.scheduleFlush()
	}
	if ev&loop.Readable == 0 {
		return
	}
	if s.yielded {
		return // it reads when it has served what it has
	}
	if s.paused || s.ended {
		s.s.Reading(false)
		s.checkHangup()
		return
	}
	s.read()
}

func (s *Session) read() {
	before := len(s.s.Tail())
	data, err := s.s.Read(s.need)
	switch {
	case loop.IsEOF(err):
		s.eof = true
		s.finish() // half-closed: what was asked is still answered
		return
	case err != nil:
		s.fail()
		return
	case len(data) == 0:
		return
	}
	s.pool.Count.BytesRead += uint64(len(data) - before)
	s.consume(data)
}

// consume serves the requests in data and keeps the rest.
func (s *Session) consume(data []byte) {
	s.active = s.sh.L.Now()
	s.beginTurn()
	rest := s.serveAll(data)
	if s.closed {
		return
	}
	if s.ended && !s.paused {
		rest = nil
	}
	s.keep(rest)
}

func (s *Session) serveAll(data []byte) (rest []byte) {
	if s.redis != nil {
		return s.serveRedis(data)
	}
	r := &s.sh.req
	s.paused = false
	for len(data) > 0 && !s.closing || s.long != nil {
		if s.full() {
			s.pause()
			break
		}
		if s.work <= 0 {
			s.yield()
			break
		}
		if s.long != nil {
			if !s.mustQueue(s.pieceLength(), 0) {
				s.servePiece()
				s.spend(len(s.sh.req.Raw))
			}
			continue
		}
		if s.skip.Pending() {
			rest := s.skip.Take(data)
			s.spend(len(data) - len(rest))
			data = rest
			continue
		}
		if s.lineless(data) {
			break
		}
		n, st := ascii.Next(data, s.pool.Limits, r)
		switch st {
		case ascii.Complete:
			s.need = 0
			if s.mustWait(r) || s.mustQueue(valuesOf(r), n) {
				continue // not served, so that it is met again when the barrier has gone, or there is room
			}
			s.spend(n)
			s.serve(r)
		case ascii.Refused:
			s.need = 0
			s.skip = r.Skip
			s.spend(n)
			s.refuse(r)
		case ascii.Fatal:
			s.fatal(r, data)
			return nil
		default:
			s.need = r.Need
			if r.Need == 0 {
				s.searched = len(data)
				s.sh.Searched += uint64(len(data))
			}
			if s.tooMuch(s.pool.Limits.MaxValue) && !s.sh.makeRoom(s, s.need-s.kept, s.sh.group.assemblyOf(s.pool.Limits.MaxValue)) {
				s.outOfMemory(r)
				return nil
			}
			return data
		}
		data = data[n:]
	}
	return data
}

// tooMuch reports whether there is no room for the rest of the request that is arriving.
func (s *Session) tooMuch(largest int) bool {
	return s.sh.Assembly-s.kept+s.need > s.sh.group.assemblyOf(largest)
}

// full reports whether the client has so much unfinished business that no more of it is taken on.
func (s *Session) full() bool {
	if s.barrier != nil || s.pool.Held || s.long != nil && s.longFull() {
		return true
	}
	return s.pending >= s.window || s.values*s.keySize >= WindowBytes || s.sent >= WindowBytes ||
		s.s.Unsent()+s.held >= WindowUnsent || s.crowded()
}

// scheduleFlush has Flush called at the end of the turn.
func (s *Session) scheduleFlush() {
	if !s.scheduled {
		s.scheduled = true
		s.sh.L.Mark(s)
	}
}

// Flush sends the replies of this turn, goes on with requests that had to wait, and closes when that is due.
func (s *Session) Flush() {
	s.scheduled, s.late = false, false
	if s.closed {
		return
	}
	if !s.failed && !s.s.Blocked() {
		if err := s.s.Flush(); err != nil {
			s.fail()
		}
	}
	s.yielded = s.yields()
	if !s.failed && s.paused && !s.yielded {
		if s.full() {
			s.lineUp()
		} else {
			s.resume()
		}
	}
	if s.gone && !s.paused && !s.ended {
		s.read()
		s.scheduleFlush()
	}
	s.account()
	switch {
	case s.failed:
		s.close()
	case s.ended && !s.paused && s.first == nil && s.s.Unsent() == 0:
		s.leave()
	}
}

// resume serves what was read but had to wait. Its replies are flushed in the same turn, for call schedules our Flush again.
func (s *Session) resume() {
	s.consume(s.s.Tail())
	if !s.paused && !s.ended && !s.gone {
		s.s.Reading(true)
	}
	s.scheduleFlush()
}

// account keeps the shard's sum of unsent bytes, and gives up on the client that lets it grow too far.
func (s *Session) account() {
	if s.failed {
		return
	}
	n := s.s.Unsent() + s.held
	s.sh.Unsent += n - s.unsent
	s.unsent = n
	if s.sh.Unsent > unsentOf(s.pool.Limits.MaxValue) && n > WindowUnsent {
		s.sh.group.Complain("a client does not fetch its replies, and all together hold too much memory: closed")
		s.fail()
	}
}

// unsentOf bounds Shard.unsent, where so many bytes are the largest value: one that has just come must not be too much.
func unsentOf(largest int) int { return max(MaxUnsent, 2*largest) }
