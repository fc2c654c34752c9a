package session

import (
	"time"

	"magent/internal/lifecycle"
)

// EndQuiet ends sessions whose clients have sent nothing for too long: the rest of a request, or, with --idle-timeout,
// the next request. Any byte that arrives counts. A client that waits for replies, or has not read them yet, is not
// ended, and a subscriber only within a request.
func (sh *Shard) EndQuiet() {
	half, idle := sh.group.RequestTimeout, sh.group.IdleTimeout
	if half == 0 && idle == 0 {
		return
	}
	for s := range sh.all() {
		if s.link() != nil {
			continue
		}
		if s.phase != lifecycle.Open || s.reading != lifecycle.Flowing || s.first != nil || s.long().Asks() ||
			s.unsentBytes() > 0 {
			continue
		}
		quiet := time.Duration(sh.L.Now() - s.active)
		switch inPart := s.kept() > 0 || s.skipping(); {
		case inPart && half > 0 && quiet >= half:
			sh.group.Complain("the rest of a client's request did not come (--request-timeout): cut off")
			s.cutOff("request timed out: its rest did not come")
		case !inPart && idle > 0 && quiet >= idle && !s.subscribed:
			sh.group.Complain("a client has not asked for anything for long (--idle-timeout): closed")
			s.pool.Count.IdleClosed++
			s.stop()
		}
	}
}
