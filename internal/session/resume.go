package session

// Flush sends the replies of this turn. Then it resumes requests that had to wait, or ends the session, as the table
// of steps says.
func (s *Session) Flush() {
	s.writing = idle
	if s.phase == closed {
		return
	}
	if s.phase != failed && !s.s.Blocked() {
		if s.due.Len() > 0 {
			s.release()
		}
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

// goOn takes the next step.
func (s *Session) goOn() {
	if s.reading == yielded && !s.yields() {
		s.reading = paused
	}
	switch (situation{
		phase: s.phase, reading: s.reading, peer: s.peer, full: s.reading == paused && s.full(),
		answered: s.first == nil, sent: s.unsentBytes() == 0,
	}).next() {
	case lineUp:
		s.lineUp()
	case resume:
		s.resume()
	case readOn:
		s.read()
		s.scheduleFlush()
	case leave:
		if s.link == nil || s.lastWord() {
			s.leave()
		}
	case give:
		s.close()
	}
}

// resume serves what was read but had to wait. Its replies are sent in the same turn: Flush is called again.
func (s *Session) resume() {
	s.consume(s.s.Tail())
	if s.reading == flowing && s.phase == open && s.peer != gone {
		s.s.Reading(true)
	}
	s.scheduleFlush()
}

// account updates the shard's sum of unsent bytes. It gives up on a client that lets the sum grow too far.
func (s *Session) account() {
	if s.phase == failed {
		return
	}
	n := s.unsentBytes() + s.held
	s.sh.unsent += n - s.unsent
	s.unsent = n
	if s.sh.unsent > unsentOf(s.pool.Limits.MaxValue) && n > windowUnsent && s.link == nil {
		s.sh.group.Complain("a client does not fetch its replies, and all together hold too much memory: closed")
		s.fail()
	}
}

// Flush serves clients that wait, as far as there is room.
func (d *Demand) Flush() {
	d.scheduled = false
	for d.Bytes < maxExpected && len(d.waiting) > 0 {
		s := d.waiting[0]
		d.waiting[0] = nil
		d.waiting = d.waiting[1:]
		s.place = first
		if s.phase < lingering && s.reading == paused && !s.full() {
			s.resume()
		}
		if s.place == first {
			s.place = apart
		}
		s.check()
	}
	if len(d.waiting) == 0 {
		d.waiting = nil
	}
}
