package session

import (
	"magent/ascii"
	"magent/internal/fleet/forward"
	"magent/internal/lifecycle"
)

// serveLink serves what a member has sent. It returns the rest.
//
// The clock is read once for the requests that are served in one go. A process that is stopped between that and the
// write to the servers has lost its lease by then, which is checked right before each write.
func (s *Session) serveLink(data []byte) (rest []byte) {
	s.reading = lifecycle.Flowing
	decided, what := false, forward.CarryOut
	r := &s.sh.req
	for len(data) > 0 && s.phase < lifecycle.Closing {
		if s.linkFull() {
			s.pause()
			break
		}
		if s.work <= 0 {
			s.yield()
			break
		}
		if forward.IsMark(data[0]) {
			n, ok := s.takeMark(data)
			if !ok {
				s.breakOff()
				return nil
			}
			if n == 0 {
				break
			}
			data, decided = data[n:], false
			continue
		}
		if !decided {
			decided, what = true, s.link().intake.Admit(s.sh.group.Clock(), s.pool.Epoch)
		}
		switch what {
		case forward.OtherEpoch:
			s.endLink(s.link().intake.LastWord(s.pool.Epoch))
			return nil
		case forward.NoHeader:
			s.breakOff()
			return nil
		}
		n, st := ascii.Next(data, s.pool.Accepted(), r)
		switch {
		case st == ascii.Incomplete:
			s.setNeed(r.Need)
			return data
		case st != ascii.Complete || r.NumKeys == 0 && r.Op != ascii.OpFlushAll: // members answer the rest themselves
			s.breakOff()
			return nil
		}
		s.setNeed(0)
		if s.mustWait(r) {
			continue // it is met again when the barrier has gone
		}
		s.spend(n)
		if what == forward.TooLate {
			s.say(lateLine) // its client has another answer by now, or gets this
		} else {
			s.route(r)
		}
		data = data[n:]
	}
	return data
}

// takeMark takes what a member says between two requests, and returns its length; 0: it is incomplete.
func (s *Session) takeMark(data []byte) (n int, ok bool) {
	m, n, ok := forward.NextMark(data)
	return n, ok && (n == 0 || s.link().intake.Take(m))
}
