package session

import "magent/internal/call"

// finish reads nothing more; the session ends when all that was read is answered and sent.
func (s *Session) finish() {
	s.ended = true
	s.s.Reading(false)
	s.scheduleFlush()
}

// stop is finish without regard to what was read behind the request being served.
func (s *Session) stop() {
	s.closing = true
	s.finish()
}

// fail ends the session without regard to what is not answered.
func (s *Session) fail() {
	s.failed, s.ended, s.closing = true, true, true
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
	s.closed = true
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
	if s.wrong || s.failed && s.linger == nil {
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
