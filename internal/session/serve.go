package session

import (
	"golang.org/x/sys/unix"

	"magent/ascii"
	"magent/internal/loop"
)

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
	if s.phase >= lingering {
		if s.phase == lingering {
			s.discard()
		}
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
	if s.reading == yielded {
		return // it reads when it has served what it has
	}
	if s.reading == paused || s.phase != open {
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
		s.peer = max(s.peer, halfClosed)
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
	if s.phase == closed {
		return
	}
	if s.phase != open && s.reading == flowing {
		rest = nil
	}
	s.keep(rest)
}

func (s *Session) serveAll(data []byte) (rest []byte) {
	if s.redis != nil {
		return s.serveRedis(data)
	}
	r := &s.sh.req
	s.reading = flowing
	for len(data) > 0 && s.phase < closing || s.long.asks() {
		if s.full() {
			s.pause()
			break
		}
		if s.work <= 0 {
			s.yield()
			break
		}
		if s.long.asks() {
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
	if s.barrier != nil || s.pool.Held || s.long.asks() && s.long.full() {
		return true
	}
	return s.pending >= s.window || s.values*s.keySize >= WindowBytes || s.sent >= WindowBytes ||
		s.s.Unsent()+s.held >= WindowUnsent || s.crowded()
}

// Flush sends the replies of this turn, goes on with requests that had to wait, and closes when that is due.
func (s *Session) Flush() {
	s.writing = idle
	if s.phase == closed {
		return
	}
	if s.phase != failed && !s.s.Blocked() {
		if err := s.s.Flush(); err != nil {
			s.fail()
		}
	}
	s.account()
	if s.phase != open || s.reading != flowing || s.peer == gone {
		s.goOn()
	}
	s.check()
}

// goOn does what the table of steps says.
func (s *Session) goOn() {
	if s.reading == yielded && !s.yields() {
		s.reading = paused
	}
	switch (situation{
		phase: s.phase, reading: s.reading, peer: s.peer, full: s.reading == paused && s.full(),
		answered: s.first == nil, sent: s.s.Unsent() == 0,
	}).next() {
	case lineUp:
		s.lineUp()
	case resume:
		s.resume()
	case readOn:
		s.read()
		s.scheduleFlush()
	case leave:
		s.leave()
	case give:
		s.close()
	}
}

// resume serves what was read but had to wait. Its replies are flushed in the same turn, for call schedules our Flush again.
func (s *Session) resume() {
	s.consume(s.s.Tail())
	if s.reading == flowing && s.phase == open && s.peer != gone {
		s.s.Reading(true)
	}
	s.scheduleFlush()
}

// account keeps the shard's sum of unsent bytes, and gives up on the client that lets it grow too far.
func (s *Session) account() {
	if s.phase == failed {
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
