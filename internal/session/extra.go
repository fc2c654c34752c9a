package session

import (
	"magent/internal/login"
	"magent/internal/loop"
	"magent/internal/pieces"
	"magent/internal/pool"
)

// What few sessions have, or not for long, is made on need. Here it is read, as zero where there is none.

func (s *Session) link() *link {
	if s.more == nil {
		return nil
	}
	return s.more.link
}

func (s *Session) binary() *binaryClient {
	if s.more == nil {
		return nil
	}
	return s.more.binary
}

func (s *Session) guard() *login.Guard {
	if s.more == nil {
		return nil
	}
	return s.more.guard
}

func (s *Session) long() *pieces.Get {
	if s.more == nil {
		return nil
	}
	return s.more.long
}

func (s *Session) awaits() *pool.Pool {
	if s.more == nil {
		return nil
	}
	return s.more.awaits
}

func (s *Session) linger() *loop.Timer {
	if s.more == nil {
		return nil
	}
	return s.more.linger
}

func (s *Session) need() int {
	if s.partial == nil {
		return 0
	}
	return s.partial.need
}

func (s *Session) kept() int {
	if s.partial == nil {
		return 0
	}
	return s.partial.kept
}

// arrived returns what is there of a request that has arrived in part.
func (s *Session) arrived() (p partial) {
	if s.partial != nil {
		p = *s.partial
	}
	return p
}

func (s *Session) skips() bool { return s.partial != nil && s.partial.skip.Pending() }

// extra returns where to set what few sessions have.
func (s *Session) extra() *extra {
	if s.more == nil {
		s.more = &extra{}
	}
	return s.more
}

// longEnds forgets a long multi-get that is answered.
func (s *Session) longEnds() {
	if s.long() != nil && s.long().Ended() {
		s.more.long = nil
	}
}

// await sets the group of the next request that is held, and reports whether there is one.
func (s *Session) await(held *pool.Pool) bool {
	if held != nil || s.more != nil {
		s.extra().awaits = held
	}
	return held != nil
}

// inPart returns where to set it.
func (s *Session) inPart() *partial {
	if s.partial == nil {
		s.partial = s.sh.partials.Take()
	}
	return s.partial
}

// endPart forgets it, but for what is still to be dropped. The stream keeps nothing any more.
func (s *Session) endPart() {
	if p := s.partial; p != nil {
		if *p = (partial{skip: p.skip}); !p.skip.Pending() {
			s.partial = nil
			s.sh.partials.Give(p)
		}
	}
}

// setNeed sets the size of the request that has arrived in part; 0: it is not known.
func (s *Session) setNeed(n int) {
	if n > 0 || s.partial != nil {
		s.inPart().need = n
	}
}
