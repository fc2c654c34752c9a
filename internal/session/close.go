package session

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
