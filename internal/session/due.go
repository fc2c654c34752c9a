package session

import (
	"slices"

	"magent/internal/lifecycle"
	"magent/internal/pool"
)

// A member of a fleet tells the others what it learns of the servers. Nothing leaves to a client while something that
// was recorded before is not kept by all members (pool.Process.Gate). So output waits in Session.due.

// collects reports whether output goes through the gate.
func (s *Session) collects() bool { return s.sh.Gate != nil && s.redis == nil }

// collect takes a reply.
func (s *Session) collect(reply []byte) {
	if s.due == nil {
		s.due = s.sh.outputs.Take()
	}
	if s.due.Write(s.sh.Gate, s.sh.L, &s.s, reply) != nil {
		s.fail()
	}
}

// release moves to the stream what may leave. The session is flushed again when the rest may.
func (s *Session) release() {
	number := s.due.Release(s.sh.Gate, s.sh.L, &s.s)
	if number == 0 {
		s.dropDue()
		return
	}
	if !s.queued {
		s.queued = true
		s.sh.waiting = append(s.sh.waiting, s)
	}
	s.sh.Kept.Await(number)
}

// dropDue forgets what waits, if anything does.
func (s *Session) dropDue() {
	if o := s.due; o != nil {
		s.due = nil
		o.Drop(s.sh.L)
		s.sh.outputs.Give(o)
	}
}

// kept has the sessions flushed that wait. It is called on the loop when records were kept.
func (sh *Shard) kept() {
	for _, p := range sh.Pools {
		if p != nil {
			p.KeptTo(sh.Gate.Kept())
		}
	}
	waiting := sh.waiting
	sh.waiting = nil
	for _, s := range waiting {
		s.queued = false
		if s.phase != lifecycle.Closed {
			s.scheduleFlush()
		}
	}
}

// DropDue ends the sessions whose output waits, and those that wait for an answer of a pool that is dropped. What
// their replies depend on may never be kept. Some may be decided already, and wait for another one or come from
// another loop. It runs on the loop.
func (sh *Shard) DropDue(dropped func(*pool.Pool) bool) {
	for s := range sh.all() {
		if s.due.Len() > 0 || s.first != nil && (dropped(s.pool) || slices.ContainsFunc(s.pool.Groups, dropped)) {
			s.dropDue()
			s.fail()
		}
	}
}
