package session

import "magent/internal/call"

// finish reads nothing more; the session ends when all that was read is answered and sent.
func (s *Session) finish() { s.end(inputEnds) }

// stop is finish without regard to what was read behind the request being served, but for the rest of a multi-get.
func (s *Session) stop() {
	if s.reading != flowing && !s.long.asks() {
		s.reading = flowing
		s.keep(nil)
	}
	s.end(serviceEnds)
}

// end has the session end in good order. One that is lingering, or lost, goes on with that.
func (s *Session) end(e event) {
	if s.phase = s.phase.next(e); s.phase <= closing {
		s.s.Reading(false)
		s.scheduleFlush()
	}
}

// fail ends the session without regard to what is not answered.
func (s *Session) fail() {
	if s.linger == nil {
		s.wrong = true
	}
	s.phase = s.phase.next(clientLost)
	s.scheduleFlush()
}

// forget drops the answer to a call of a client that has gone.
func (s *Session) forget(c *call.Call) {
	s.pending -= c.Keys
	s.values -= c.Values
	s.sent -= c.Size
	s.expect()
	c.Release()
}

// close forgets the client. Calls under way go on without it, and count until they are answered.
func (s *Session) close() {
	s.phase = s.phase.next(socketCloses)
	for c := s.first; c != nil; {
		next := c.Next
		c.Next = nil
		if c.Done {
			s.forget(c)
		}
		c = next
	}
	s.first, s.last = nil, nil
	if s.redis != nil {
		s.endMulti()
	}
	s.sh.Assembly -= s.kept
	s.sh.Unsent -= s.unsent
	if s.wrong {
		s.pool.Count.ClientErrors++
	} else {
		s.pool.Count.ClientEOFs++
	}
	if s.linger != nil {
		s.sh.L.Unset(s.linger)
	}
	s.s.Close()
	s.sh.closed(s)
}
