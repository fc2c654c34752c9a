package session

import "magent/ascii"

// serve carries out one complete request: here, or on the loop that owns its key.
func (s *Session) serve(r *ascii.Request) {
	switch r.Op {
	case ascii.OpVersion:
		s.say("VERSION " + s.sh.group.Version + "\r\n")
	case ascii.OpVerbosity:
		if r.Quiet {
			return
		}
		s.say("OK\r\n")
	case ascii.OpMetaNoop:
		s.say("MN\r\n")
	case ascii.OpQuit:
		s.stop()
	case ascii.OpStats:
		s.stats(r)
	default:
		if r.NumKeys > 1 && r.NumKeys > s.pieceLength() {
			s.serveLong(r)
			return
		}
		s.route(r)
	}
}

// refuse answers a request that ascii.Next has refused.
func (s *Session) refuse(r *ascii.Request) {
	if r.Oversize {
		s.noRoom(r)
		return
	}
	s.pool.Count.ClientErrors++
	if len(r.Reply) > 0 {
		s.call().Answer(r.Reply)
	}
}

// noRoom answers a request whose value is too large. As in memcached, a set loses the old value.
func (s *Session) noRoom(r *ascii.Request) {
	switch {
	case r.Op == ascii.OpSet || r.Op == ascii.OpMetaSet:
		s.drop(r)
	case len(r.Reply) > 0:
		s.call().Answer(r.Reply)
	}
}

// fatal answers a request after which the connection cannot go on.
func (s *Session) fatal(r *ascii.Request) {
	s.wrong = true
	if len(r.Reply) > 0 {
		s.call().Answer(r.Reply)
	}
	s.stop()
}

// outOfMemory ends the session of a client whose request has arrived in part, and holds more than any other. There is
// no room for the rest. No value is lost, because a request that did not arrive was not made.
func (s *Session) outOfMemory(r *ascii.Request) {
	s.sh.group.Complain("too much has arrived in part: the clients that hold most of it were cut off")
	s.pool.Count.CutOff++
	s.wrong = true
	if r.Need > 0 {
		s.say("SERVER_ERROR out of memory storing object\r\n")
	} else {
		s.say("SERVER_ERROR out of memory reading request\r\n")
	}
	s.stop()
}
