package session

import (
	"time"
)

// State describes a session, for tests. It is taken on the session's loop.
type State struct {
	Paused   bool   // requests wait that may not be served yet
	Partial  bool   // a request has arrived in part
	Answered bool   // all requests that were begun are answered
	Held     int    // bytes of replies that wait in the line
	Served   uint64 // requests
	Most     int    // of these in one turn
	Searched int    // bytes at the beginning of what is kept in which there is no line end
}

// State describes the session as it is now.
func (s *Session) State() State {
	return State{
		Paused: s.reading != flowing, Partial: s.kept > 0 || s.skip.Pending(), Answered: s.first == nil,
		Held: s.held, Served: s.served, Most: s.most, Searched: s.searched,
	}
}

// Age makes the session look as if the client had been silent for so much longer, for tests.
func (s *Session) Age(by time.Duration) { s.active -= int64(by) }
