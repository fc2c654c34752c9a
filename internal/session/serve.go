package session

import (
	"golang.org/x/sys/unix"

	"magent/ascii"
	"magent/internal/lifecycle"
	"magent/internal/loop"
	"magent/internal/redisclient"
)

// Open makes a session for an accepted socket.
func (sh *Shard) Open(fd, pool int) { sh.OpenTLS(fd, pool, nil, 0) }

// OpenTLS is Open for a client that speaks TLS by a version, after the handshake.
func (sh *Shard) OpenTLS(fd, pool int, seal *loop.Seal, version uint16) {
	p := sh.Pools[pool]
	if p == nil { // it has just been removed
		unix.Close(fd)
		sh.left(pool)
		return
	}
	s := &Session{sh: sh, pool: p, demand: sh.DemandOf(pool), window: int32(sh.group.Window), active: sh.L.Now()}
	s.tls = version
	if p.Config.Redis {
		s.redis = redisclient.New(s, s, s.scheduleFlush, &sh.Redis, p, fd, len(sh.group.Shards))
	}
	s.lock()
	p.Count.TotalConnections++
	p.Count.CurrConnections++
	p.Count.TLS(version, 1)
	sh.add(s)
	if err := s.s.OpenSealed(sh.L, fd, seal, loop.Readable, s); err != nil {
		s.close()
	} else if sh.Draining {
		s.finish()
	}
}

// OnReady is called by the loop when the socket is ready.
func (s *Session) OnReady(ev loop.Events) {
	if s.phase >= lifecycle.Lingering {
		if s.phase == lifecycle.Lingering {
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
	if ev&loop.Ended != 0 {
		s.s.WatchEnd(false)
		if s.waits() {
			s.lose()
			return
		}
	}
	if ev&loop.Readable == 0 {
		return
	}
	if s.reading == lifecycle.Yielded {
		return // it reads when it has served what it has
	}
	if s.reading == lifecycle.Paused || s.phase != lifecycle.Open {
		s.s.Reading(false)
		s.s.WatchEnd(s.waits())
		s.checkHangup()
		return
	}
	s.read()
}

func (s *Session) read() {
	before := len(s.s.Tail())
	data, err := s.s.Read(s.likely())
	switch {
	case loop.IsEOF(err) && s.waits():
		s.lose()
		return
	case loop.IsEOF(err):
		s.peer = max(s.peer, lifecycle.HalfClosed)
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

// likely returns how large the request that has arrived in part will probably be, or 0.
func (s *Session) likely() int {
	if s.redis != nil {
		return s.redis.Progress.Expect(s.need())
	}
	return s.need()
}

// consume serves the requests in data and keeps the rest.
func (s *Session) consume(data []byte) {
	s.active = s.sh.L.Now()
	s.beginTurn()
	rest := s.serveAll(data)
	if s.phase == lifecycle.Closed {
		return
	}
	if s.phase != lifecycle.Open && s.reading == lifecycle.Flowing {
		rest = nil
	}
	s.keep(rest)
}

// serveAll serves the requests in data by the client's protocol, and returns the rest.
func (s *Session) serveAll(data []byte) (rest []byte) {
	switch {
	case s.link() != nil:
		return s.serveLink(data)
	case s.redis != nil:
		return s.serveRedis(data)
	}
	if s.isBinary(data) {
		return s.serveBinary(data)
	}
	if s.guard() != nil {
		if data = s.serveLocked(data); s.guard() != nil || s.reading != lifecycle.Flowing || len(data) == 0 {
			return data
		}
	}
	return s.serveLines(data)
}

// serveLines is serveAll for memcached's text protocol. It ends where a request has to wait, and goes on there later.
func (s *Session) serveLines(data []byte) (rest []byte) {
	r := &s.sh.req
	s.reading = lifecycle.Flowing
	for len(data) > 0 && s.phase < lifecycle.Closing || s.long().Asks() {
		if s.full() {
			s.pause()
			break
		}
		if s.work <= 0 {
			s.yield()
			break
		}
		if s.long().Asks() {
			if !s.await(s.pool.HeldGroup()) && !s.mustQueue(s.pieceLength(), 0) {
				s.servePiece()
				s.spend(len(s.sh.req.Raw))
			}
			continue
		}
		if s.skips() {
			rest := s.partial.skip.Take(data)
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
			s.setNeed(0)
			if s.mustWait(r) || s.mustQueue(valuesOf(r), n) {
				continue // not served, so that it is met again when the barrier has gone, or there is room
			}
			s.spend(n)
			s.serve(r)
		case ascii.Refused:
			s.setNeed(0)
			s.inPart().skip = r.Skip
			s.spend(n)
			s.refuse(r)
		case ascii.Fatal:
			s.fatal(r)
			return nil
		default:
			return s.awaitMore(r, data)
		}
		data = data[n:]
	}
	return data
}

// awaitMore has the beginning of a request, and r says how much is missing. It returns what is to be kept: data, or
// nothing if there is no memory for the whole request.
func (s *Session) awaitMore(r *ascii.Request, data []byte) (rest []byte) {
	s.setNeed(r.Need)
	if r.Need == 0 {
		s.inPart().searched = len(data)
		s.sh.searched += uint64(len(data))
	}
	if s.noRoomFor(s.pool.Limits.MaxValue) {
		s.outOfMemory(r)
		return nil
	}
	return data
}
