package session

import (
	"magent/internal/config"
	"magent/internal/lifecycle"
	"magent/internal/pool"
)

// Drain begins the end of a shard. It runs on its loop. done is called when all sessions have ended.
func (sh *Shard) Drain(done func()) {
	sh.Draining = true
	sh.drainDone = done
	sh.SendAway()
	sh.checkDrained()
}

// SendAway ends all sessions. What was read is served; what has arrived since this turn began is not.
func (sh *Shard) SendAway() {
	for s := range sh.all() {
		switch {
		case s.link() != nil:
			s.giveBack()
		case s.phase == lifecycle.Open:
			s.finish()
		}
	}
}

// CutOff ends the remaining sessions at once.
func (sh *Shard) CutOff() {
	for s := range sh.all() {
		s.fail()
	}
	sh.checkDrained()
}

// Wake has all sessions check whether they can go on.
func (sh *Shard) Wake() {
	for s := range sh.all() {
		s.scheduleFlush()
	}
}

// Waiting reports whether a request that has arrived waits for its turn.
func (sh *Shard) Waiting() bool {
	for s := range sh.all() {
		if s.reading != lifecycle.Flowing && s.phase != lifecycle.Failed {
			return true
		}
	}
	return false
}

// Stop ends all sessions, and drops what they have not begun to serve. A session remains until its client has read its
// replies.
func (sh *Shard) Stop() {
	for s := range sh.all() {
		if s.link() != nil {
			s.giveBack()
			continue
		}
		s.endLong()
		s.stop()
	}
}

// Change is a pool, and the one that has taken its place; nil: there is none.
type Change struct{ Before, After *pool.Pool }

// Replace moves the sessions of pools to those that have taken their places. Without one they end. It looks at every
// session once, however many pools there are.
func (sh *Shard) Replace(changes ...Change) {
	after := make(map[*pool.Pool]*pool.Pool, len(changes))
	for _, c := range changes {
		after[c.Before] = c.After
		if c.After != nil {
			c.After.Count = c.Before.Count
			c.After.Regroup(c.Before)
		} else {
			c.Before.Count.Disconnected()
			sh.past.Add(&c.Before.Count)
		}
	}
	for s := range sh.all() {
		sh.looked++
		s.replace(after)
	}
	for _, c := range changes {
		if c.After != nil {
			c.Before.Succeed(c.After)
		}
		sh.Others.CarryOn(c.Before, c.After)
	}
}

// replace is Replace for one session. changes has the pools by those whose place they take.
func (s *Session) replace(changes map[*pool.Pool]*pool.Pool) {
	if _, awaited := changes[s.awaits()]; awaited {
		s.await(nil)
		s.scheduleFlush()
	}
	before := s.pool
	after, changed := changes[before]
	switch {
	case !changed:
	case s.link() != nil:
		s.replaceLinked(after)
	case after == nil:
		s.finish()
	default:
		s.pool = after
		s.scheduleFlush()
		if !sameClients(before.Config, after.Config) {
			s.dismiss()
		}
	}
}

// sameClients reports whether clients may stay when their pool changes. They may not if they have to speak another
// protocol, or to authenticate with another password.
func sameClients(before, after *config.Pool) bool {
	return before.Redis == after.Redis && before.RedisAuth == after.RedisAuth && before.AuthFile == after.AuthFile &&
		before.TLSClientCA == after.TLSClientCA && (before.TLSCert == "") == (after.TLSCert == "")
}

// dismiss ends the session when what is under way is answered. The end of a long multi-get is not waited for.
func (s *Session) dismiss() {
	if s.long().Asks() {
		s.fail()
		return
	}
	s.stop()
}

// endLong drops the keys of a long multi-get that were not asked for yet.
func (s *Session) endLong() {
	s.long().Drop()
	s.longEnds()
}
