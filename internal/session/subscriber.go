package session

import (
	"time"

	"magent/internal/lifecycle"
)

// A subscriber may be slower than what is published for it. What it has not fetched yet is in memory, so that is
// bounded, as in Redis by default (client-output-buffer-limit pubsub 32mb 8mb 60).
const (
	mostUnsent = 32 << 20 // bytes; with more it is closed
	slowUnsent = 8 << 20  // the same, if it has as many all the time, for slowTime
	slowTime   = 60 * time.Second
)

// RedisMessage sends a message to a subscriber.
func (s *Session) RedisMessage(message []byte) {
	if s.phase != lifecycle.Open {
		return
	}
	s.pool.Count.Messages++
	s.write(message)
	s.scheduleFlush()
	if s.fallsBehind() {
		s.sh.group.Complain("a subscriber does not fetch its messages: closed")
		s.pool.Count.CutOff++
		s.fail()
	}
}

// fallsBehind reports whether a subscriber has not fetched too much, or much for too long.
func (s *Session) fallsBehind() bool {
	n, now, x := s.unsentBytes(), s.sh.L.Now(), s.extra()
	if n <= slowUnsent {
		x.behindAt = 0
	} else if x.behindAt == 0 {
		x.behindAt = now
	}
	return n > mostUnsent || x.behindAt > 0 && now-x.behindAt >= int64(slowTime)
}

// RedisSubscribed tells whether the client has subscribed to anything now.
func (s *Session) RedisSubscribed(anything bool) {
	if s.subscribed = anything; anything {
		s.pool.Count.CurrSubscribers++
	} else {
		s.pool.Count.CurrSubscribers--
	}
}

// RedisEnd ends the session of a subscriber that may have missed messages.
func (s *Session) RedisEnd(why string) {
	if s.phase >= lifecycle.Closing {
		return
	}
	s.sh.group.Complain(why)
	s.stop()
}
