package session

import (
	"time"

	"magent/internal/lifecycle"
)

// What tests of other packages need to see. Nothing but tests uses these names; test/arch checks that.

// The limits, see limits.go.
const (
	TurnWork     = turnWork
	RequestWork  = requestWork
	WindowBytes  = windowBytes
	WindowUnsent = windowUnsent
	MaxUnsent    = maxUnsent
	PieceKeys    = pieceKeys
	MaxExpected  = maxExpected
	FairShare    = fairShare
	UnknownSize  = unknownSize
	MaxKeptLine  = maxKeptLine
)

// State describes a session.
type State struct {
	Paused   bool   // requests wait that may not be served yet
	Partial  bool   // a request has arrived in part
	Answered bool   // all requests that were begun are answered
	Held     int    // bytes of replies that wait in the line
	Served   uint64 // requests
	Most     int    // the most of them in one turn
	Searched int    // bytes at the beginning of what is kept that have no end of a line
}

// StateOf returns the state of a session. This and the following functions, but for Complaints, run on its loop.
func StateOf(s *Session) State {
	return State{
		Paused: s.reading != lifecycle.Flowing, Partial: s.kept() > 0 || s.skipping(), Answered: s.first == nil,
		Held: s.held, Served: s.served, Most: int(s.most), Searched: s.arrived().searched,
	}
}

// Unswept has a shard sweep no more by itself, until Sweep is called.
func Unswept(sh *Shard) { sh.L.Unset(sh.sweeper) }

// Age makes a session look as if its client had been silent for so much longer.
func Age(s *Session, by time.Duration) { s.active -= int64(by) }

// Sessions returns the sessions of a shard.
func Sessions(sh *Shard) []*Session { return sh.sessions }

// Assembly is where a shard counts the bytes of incomplete requests and transactions. A test may add to them.
func Assembly(sh *Shard) *int { return &sh.assembly }

// Unsent is where a shard counts the bytes of replies that the sockets did not accept. A test may add to them.
func Unsent(sh *Shard) *int { return &sh.unsent }

// Searched returns how many bytes a shard has searched for the end of a line without finding it.
func Searched(sh *Shard) uint64 { return sh.searched }

// Looked returns how many sessions Replace has looked at.
func Looked(sh *Shard) uint64 { return sh.looked }

// Complaints returns how many of these complaints there were since the last one that was logged, including that.
func Complaints(g *Group, what string) int { return g.complaints.Count(what) }

// Due returns how many bytes of output wait for records, of all sessions of a shard.
func Due(sh *Shard) (n int) {
	for s := range sh.all() {
		n += s.due.Len()
	}
	return n
}
