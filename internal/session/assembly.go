package session

// What clients have sent in part, and transactions that wait for their EXEC, is bounded for all of them together. When there is no
// room for more, those that hold most are cut off, and among those that hold the same the one that began first. So who sends a
// request as others do is served, whatever somebody else has left half-sent; and no value is lost for want of room.

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

// holds is how many bytes the client has that count.
func (s *Session) holds() int {
	if s.redis != nil && s.redis.multi != nil {
		return s.kept + len(s.redis.multi.raw)
	}
	return s.kept
}

// spoil has the transaction that is being collected, if there is one, fail. So nothing of it is needed any more.
func (s *Session) spoil() {
	if m := s.redis.multi; m != nil {
		s.sh.Assembly -= len(m.raw)
		m.raw, m.bad = nil, true
	}
}

// endMulti forgets the transaction.
func (s *Session) endMulti() {
	if m := s.redis.multi; m != nil {
		s.sh.Assembly -= len(m.raw)
		s.redis.multi = nil
	}
}
