package shard

import (
	"bytes"

	"magent/ascii"
)

// serve takes one complete request: it is answered here, or carried out by the loop that owns its key.
func (s *session) serve(r *ascii.Request) {
	switch r.Op {
	case ascii.OpVersion:
		s.say("VERSION " + s.sh.svc.version + "\r\n")
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

// say answers with a line of the proxy's own.
func (s *session) say(line string) { s.call().Answer([]byte(line)) }

// refuse answers a request that Next found wanting.
func (s *session) refuse(r *ascii.Request) {
	if r.Oversize {
		s.noRoom(r)
		return
	}
	s.pool.count.ClientErrors++
	if len(r.Reply) > 0 {
		s.call().Answer(r.Reply)
	}
}

// noRoom answers a request whose value cannot be taken in. As in memcached, a set loses the old value over it.
func (s *session) noRoom(r *ascii.Request) {
	switch {
	case r.Op == ascii.OpSet || r.Op == ascii.OpMetaSet:
		s.drop(r)
	case len(r.Reply) > 0:
		s.call().Answer(r.Reply)
	}
}

// fatal answers a request after which the connection cannot go on.
func (s *session) fatal(r *ascii.Request, data []byte) {
	s.wrong = true
	if data[0] == 0x80 {
		s.sh.svc.complain("a client speaks memcached's binary protocol, which is not supported: closed")
	}
	if len(r.Reply) > 0 {
		s.call().Answer(r.Reply)
	}
	s.stop()
}

// outOfMemory refuses a request that has arrived in part and that there is no room for. Of a value the rest is thrown
// away when it comes. Where a line ends is not known: that is the end of the connection.
func (s *session) outOfMemory(r *ascii.Request) {
	s.sh.svc.complain("too many large requests are arriving at once: refused")
	s.need = 0
	if r.Need == 0 {
		s.wrong = true
		s.say("SERVER_ERROR out of memory reading request\r\n")
		s.stop()
		return
	}
	s.skip = r.Skip
	if !r.Quiet || r.Op == ascii.OpMetaSet { // q hides no error
		r.Reply = outOfMemory
	}
	s.noRoom(r)
}

var outOfMemory = []byte("SERVER_ERROR out of memory storing object\r\n")

var crlf = []byte("\r\n")

// firstWord splits the words behind a command.
func firstWord(args []byte) []byte {
	w, _, _ := bytes.Cut(bytes.TrimSpace(args), []byte(" "))
	return w
}
