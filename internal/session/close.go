package session

import "magent/internal/lifecycle"

// finish stops reading. The session ends when everything that was read is served, answered and sent.
func (s *Session) finish() { s.end(lifecycle.InputEnds) }

// stop is like finish, but drops what was read behind the request that is being served. A long multi-get is still
// carried out to its end.
func (s *Session) stop() {
	if s.reading != lifecycle.Flowing && !s.long().Asks() {
		s.reading = lifecycle.Flowing
		s.keep(nil)
	}
	s.end(lifecycle.ServiceEnds)
}

// end moves the session towards an orderly end. It does nothing if the session is already lingering or lost.
func (s *Session) end(e lifecycle.Event) {
	if s.phase = s.phase.Next(e); s.phase <= lifecycle.Closing {
		s.s.Reading(false)
		s.scheduleFlush()
		if s.redis != nil {
			s.redis.Interrupt()
		}
	}
}

// waits reports whether a Redis server lets the client wait.
func (s *Session) waits() bool { return s.redis != nil && s.redis.Waits() }

// lose ends the session of a client that has gone while it waited. As in Redis, nobody waits for it any more, so what
// comes next is for others.
func (s *Session) lose() {
	s.phase = s.phase.Next(lifecycle.ClientLost)
	s.scheduleFlush()
}

// fail ends the session at once; what is not answered is dropped.
func (s *Session) fail() {
	if s.linger() == nil {
		s.wrong = true
	}
	s.phase = s.phase.Next(lifecycle.ClientLost)
	s.scheduleFlush()
}
