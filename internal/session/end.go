package session

import (
	"magent/internal/config"
	"magent/internal/pool"
)

// Drain begins the end of a shard; it runs on its loop. done is called when all sessions are gone.
func (sh *Shard) Drain(done func()) {
	sh.Draining = true
	sh.drainDone = done
	sh.SendAway()
	sh.checkDrained()
}

// SendAway ends all sessions. What was read is served; what has arrived since this turn began is not.
func (sh *Shard) SendAway() {
	for s := range sh.Sessions {
		if s.phase == open {
			s.finish()
		}
	}
}

// CutOff ends the sessions that are left.
func (sh *Shard) CutOff() {
	for s := range sh.Sessions {
		s.fail()
	}
	sh.checkDrained()
}

// Wake has all sessions look whether they can go on.
func (sh *Shard) Wake() {
	for s := range sh.Sessions {
		s.scheduleFlush()
	}
}

// Waiting reports whether a request that has arrived waits for its turn.
func (sh *Shard) Waiting() bool {
	for s := range sh.Sessions {
		if s.reading != flowing && s.phase != failed {
			return true
		}
	}
	return false
}

// Stop ends all sessions without what they have not begun to serve. They remain until their clients have fetched their replies.
func (sh *Shard) Stop() {
	for s := range sh.Sessions {
		s.endLong()
		s.stop()
	}
}

// Replace gives the sessions of a pool to the one that has taken its place. Without one they end.
func (sh *Shard) Replace(before, after *pool.Pool) {
	if after != nil {
		after.Count = before.Count
	} else {
		before.Count.CurrConnections = 0
		sh.past.Add(&before.Count)
	}
	for s := range sh.Sessions {
		switch {
		case s.pool != before:
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
}

// sameClients reports whether the clients of a pool may stay when it is changed. Not when they are to speak another protocol, or to
// say another password.
func sameClients(before, after *config.Pool) bool {
	return before.Redis == after.Redis && before.RedisAuth == after.RedisAuth
}

// dismiss ends the session when what is under way is answered, but for a long multi-get, whose end is not waited for.
func (s *Session) dismiss() {
	if s.long.asks() {
		s.fail()
		return
	}
	s.stop()
}

// endLong gives up the keys that are not asked for yet.
func (s *Session) endLong() {
	if g := s.long; g != nil {
		if g.keys = nil; g.pieces == 0 {
			s.long = nil
		}
	}
}
