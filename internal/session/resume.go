package session

import "magent/internal/lifecycle"

// Flush sends the replies of this turn. Then it resumes requests that had to wait, or ends the session, as the table
// of steps says.
func (s *Session) Flush() {
	s.writing = lifecycle.Idle
	if s.phase == lifecycle.Closed {
		return
	}
	if s.phase != lifecycle.Failed && !s.s.Blocked() {
		if s.due != nil {
			s.release()
		}
		if err := s.s.Flush(); err != nil {
			s.fail()
		}
	}
	s.account()
	if s.phase != lifecycle.Open || s.reading != lifecycle.Flowing || s.peer == lifecycle.Gone {
		s.goOn()
	}
	s.check()
}

// goOn takes the next step.
func (s *Session) goOn() {
	if s.reading == lifecycle.Yielded && !s.yields() {
		s.reading = lifecycle.Paused
	}
	switch (lifecycle.Situation{
		Phase: s.phase, Reading: s.reading, Peer: s.peer, Full: s.reading == lifecycle.Paused && s.full(),
		Answered: s.first == nil, Sent: s.unsentBytes() == 0,
	}).Next() {
	case lifecycle.LineUp:
		s.lineUp()
	case lifecycle.Resume:
		s.resume()
	case lifecycle.ReadOn:
		s.read()
		s.scheduleFlush()
	case lifecycle.Leave:
		if s.link() == nil || s.lastWord() {
			s.leave()
		}
	case lifecycle.Give:
		s.close()
	}
}

// resume serves what was read but had to wait. Its replies are sent in the same turn: Flush is called again.
func (s *Session) resume() {
	s.consume(s.s.Tail())
	if s.reading == lifecycle.Flowing && s.phase == lifecycle.Open && s.peer != lifecycle.Gone {
		s.s.Reading(true)
	}
	s.scheduleFlush()
}

// account updates the shard's sum of unsent bytes. It gives up on a client that lets the sum grow too far.
func (s *Session) account() {
	if s.phase == lifecycle.Failed {
		return
	}
	n := s.unsentBytes() + s.held
	s.sh.unsent += n - s.unsent
	s.unsent = n
	if s.sh.unsent > unsentOf(s.pool.Limits.MaxValue) && n > windowUnsent && s.link() == nil {
		s.sh.group.Complain("a client does not fetch its replies, and all together hold too much memory: closed")
		s.pool.Count.CutOff++
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
		if s.phase < lifecycle.Lingering && s.reading == lifecycle.Paused && !s.full() {
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
