package session

import (
	"time"
)

// EndQuiet ends clients from which nothing has come for too long: the rest of a request, or, if that is asked for, the next one.
// Whatever comes counts as progress. Who waits for replies, or has not fetched them, is not waited for.
func (sh *Shard) EndQuiet() {
	half, idle := sh.group.RequestTimeout, sh.group.IdleTimeout
	if half == 0 && idle == 0 {
		return
	}
	for s := range sh.Sessions {
		if s.phase != open || s.reading != flowing || s.first != nil || s.long.asks() || s.s.Unsent() > 0 {
			continue
		}
		quiet := time.Duration(sh.L.Now() - s.active)
		switch inPart := s.kept > 0 || s.skip.Pending(); {
		case inPart && half > 0 && quiet >= half:
			sh.group.Complain("the rest of a client's request did not come (--request-timeout): cut off")
			s.cutOff("request timed out: its rest did not come")
		case !inPart && idle > 0 && quiet >= idle:
			sh.group.Complain("a client has not asked for anything for long (--idle-timeout): closed")
			s.pool.Count.IdleClosed++
			s.stop()
		}
	}
}
