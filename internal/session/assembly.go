package session

// Two things are bounded for all clients of a loop together: what has arrived of incomplete requests, and transactions
// that wait for their EXEC. If there is no room for more, the clients that hold most are cut off; among those that
// hold the same, the one that began first. So an ordinary request is served, whatever others have left half-sent, and
// no value is lost for want of room.

// keep ends the use of what was read, as loop.Stream.Keep does. rest, which was not served yet, is kept for later, and
// counted.
func (s *Session) keep(rest []byte) {
	s.s.Keep(rest)
	kept := s.s.Kept()
	s.sh.assembly += kept - s.kept()
	if kept == 0 {
		s.endPart()
		return
	}
	p := s.inPart()
	p.kept = kept
	if p.since == 0 {
		p.since = s.sh.L.Now()
	}
}

// holds returns how many bytes of the client count towards Shard.assembly.
func (s *Session) holds() int {
	if s.redis != nil {
		return s.kept() + s.redis.Holds()
	}
	return s.kept()
}

// endMulti drops the transaction that is being collected, if there is one.
func (s *Session) endMulti() {
	if s.redis != nil {
		s.sh.assembly -= s.redis.Holds()
		s.redis.EndMulti()
	}
}
