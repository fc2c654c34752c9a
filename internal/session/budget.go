package session

import (
	"slices"

	"magent/internal/lifecycle"
)

// makeRoom reports whether s may hold more bytes, where limit is for all clients of the loop. If that would be too
// many, it cuts off others that hold more than s. It does so until a sixteenth of limit is free, so that the next
// request need not look again.
func (sh *Shard) makeRoom(s *Session, more, limit int) bool {
	if sh.assembly+more <= limit {
		return true
	}
	var others []*Session
	for o := range sh.all() {
		if o != s && o.link() == nil && o.holds() > 0 && before(o, s) {
			others = append(others, o)
		}
	}
	slices.SortFunc(others, func(a, b *Session) int {
		if before(a, b) {
			return -1
		}
		return 1
	})
	for _, o := range others {
		if sh.assembly+more <= limit-limit/16 {
			break
		}
		sh.group.Complain("too much has arrived in part: the clients that hold most of it were cut off")
		o.cutOff("out of memory reading request")
	}
	return sh.assembly+more <= limit
}

// noRoomFor reports whether the rest of a request cannot be held, where the largest value has so many bytes.
func (s *Session) noRoomFor(largest int) bool {
	return s.tooMuch(largest) && !s.sh.makeRoom(s, s.need()-s.kept(), s.sh.group.assemblyOf(largest))
}

// before reports whether a is cut off before b.
func before(a, b *Session) bool {
	if x, y := a.holds(), b.holds(); x != y {
		return x > y
	}
	return a.arrived().since < b.arrived().since
}

// cutOff ends the session with an error line that says why, and drops what has arrived in part. None of its requests
// may be being served.
func (s *Session) cutOff(why string) {
	s.pool.Count.CutOff++
	s.keep(nil)
	s.endMulti()
	if s.phase >= lifecycle.Closing {
		return
	}
	s.wrong = true
	switch {
	case s.long().Asks(): // a line would come among the values
	case s.redis != nil:
		s.sayRedis("-ERR " + why + "\r\n")
	default:
		s.say("SERVER_ERROR " + why + "\r\n")
	}
	s.stop()
}
