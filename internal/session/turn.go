package session

import (
	"bytes"

	"magent/internal/lifecycle"
)

// The work for one client in a turn of the loop is bounded, whoever answers its requests. Then others come first, and
// the client goes on in the next turn, which begins at once. Work is measured in bytes of requests, and of replies
// that are there at once. Each request counts requestWork more, so that short ones count.

// spend counts a request of so many bytes, or a part of a refused one.
func (s *Session) spend(bytes int) {
	s.work -= requestWork + bytes
	s.served++
	if s.partial != nil {
		s.partial.since = 0 // what is kept from now on is another request
	}
	if s.inTurn++; s.inTurn > s.most {
		s.most = s.inTurn
	}
}

// beginTurn gives the client its share of this turn, unless it has got it already.
func (s *Session) beginTurn() {
	if now := s.sh.L.Turns; s.workTurn != now {
		s.workTurn, s.work, s.inTurn = now, turnWork, 0
		if s.link() != nil {
			s.work = linkWork
		}
	}
}

// yields reports whether the client has used up its share of this turn, and waits for the next.
func (s *Session) yields() bool { return s.reading == lifecycle.Yielded && s.workTurn == s.sh.L.Turns }

// yield makes the rest of what was read wait for the next turn.
func (s *Session) yield() {
	s.reading = lifecycle.Yielded
	s.sh.L.MarkNext(s)
}

// lineless reports whether what has arrived is still a line without its end. It searches only what is new since the
// last time.
func (s *Session) lineless(data []byte) bool {
	if s.partial == nil {
		return false
	}
	from := s.partial.searched
	s.partial.searched = 0
	if from == 0 || from > len(data) || len(data) >= s.pool.Limits.MaxLine || s.tooMuch(s.pool.Limits.MaxValue) {
		return false
	}
	s.sh.searched += uint64(len(data) - from)
	if bytes.IndexByte(data[from:], '\n') >= 0 {
		return false
	}
	s.partial.searched = len(data)
	return true
}

// scheduleFlush has Flush called at the end of the turn.
func (s *Session) scheduleFlush() {
	if s.writing != lifecycle.Soon {
		s.writing = lifecycle.Soon
		s.sh.L.Mark(s)
	}
}
