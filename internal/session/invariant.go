package session

import (
	"magent/internal/fault"
	"magent/internal/lifecycle"
)

// check panics if a rule that stands at a field of Session is broken. It is called where the calls of the loop end. In
// a normal build it does nothing.
func (s *Session) check() {
	if fault.Strict {
		if rule := s.brokenRule(); rule != "" {
			panic("session: " + rule)
		}
	}
}

// brokenRule returns a rule that is broken; "" if none is.
func (s *Session) brokenRule() string {
	empty := s.first == nil
	switch {
	case s.phase == lifecycle.Closed:
		if !empty || s.last != nil {
			return "it is closed, and has a line of calls"
		}
	case empty != (s.last == nil):
		return "the line of calls has only one end"
	case empty && s.barrier != nil:
		return "it waits for a call that is not in its line"
	case empty && int(s.pending|s.values)|s.sent|s.held != 0:
		return "no call is in its line, and something is counted"
	case empty && s.long().Pending() > 0:
		return "no call is in its line, and pieces of a multi-get are"
	case s.long() != nil && s.long().Ended():
		return "it keeps a multi-get that is answered"
	case s.pending < 0 || s.values < 0 || s.sent < 0 || s.held < 0 || s.long().Pending() < 0:
		return "fewer than none are counted"
	case s.phase == lifecycle.Lingering && s.linger() == nil:
		return "it lingers without a time limit"
	case s.phase < lifecycle.Lingering && s.linger() != nil:
		return "it has a time limit, and does not linger"
	case s.phase == lifecycle.Lingering && s.reading != lifecycle.Flowing:
		return "it lingers, and requests wait"
	case s.phase == lifecycle.Lingering && !empty:
		return "it lingers, and calls are in its line"
	case s.phase == lifecycle.Closing && s.reading != lifecycle.Flowing && !s.long().Asks():
		return "nothing more is served, and requests wait"
	case s.peer == lifecycle.Gone && s.s.Unsent() > 0:
		return "the client has gone, and replies wait for it"
	case s.place == first:
		return "it is at the head of the line for longer than its turn"
	case s.kept() != s.s.Kept():
		return "what it has kept is counted wrongly"
	}
	return ""
}
