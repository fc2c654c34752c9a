package session

import (
	"time"

	"magent/ascii"
	"magent/internal/binary"
	"magent/internal/lifecycle"
	"magent/internal/login"
	"magent/internal/loop"
	"magent/replicate"
)

// A pool with a file of passwords serves a client only when it has named a user and its password: by a set, as with
// memcached -Y, or by SASL PLAIN in the binary protocol. Until then everything is refused.

// wrongTime is how long the answer to a wrong password takes. It holds up this client alone.
const wrongTime = time.Second

// maxLocked is the largest value that a client may send before it has authenticated, in bytes.
const maxLocked = 4 << 10

// lock has a new client authenticate, if its pool has passwords.
func (s *Session) lock() {
	if s.pool.Users != nil && s.guard() == nil {
		s.extra().guard = &login.Guard{}
	}
}

// limits returns those of the client's next request.
func (s *Session) limits() ascii.Limits {
	l := s.pool.Limits
	if s.guard() != nil {
		l.MaxValue = min(l.MaxValue, maxLocked)
	}
	return l
}

// serveLocked takes what a client of the text protocol sends before it has authenticated. It returns the rest.
func (s *Session) serveLocked(data []byte) (rest []byte) {
	s.reading = lifecycle.Flowing
	for len(data) > 0 && s.phase < lifecycle.Closing && s.guard() != nil {
		if s.full() {
			s.pause()
			break
		}
		if s.work <= 0 {
			s.yield()
			break
		}
		n, v := s.guard().Next(data, s.pool.Users.Users())
		if n > 0 {
			s.spend(n)
		}
		data = data[n:]
		switch v {
		case login.More:
			return data
		case login.Junk:
			s.wrong = true
			s.stop()
			return nil
		}
		s.sh.req = ascii.Request{}
		c := s.call()
		switch v {
		case login.Wrong:
			s.denied(c, v.Reply())
		case login.Right:
			s.admitted()
			c.Answer(v.Reply())
		default:
			s.pool.Count.ClientErrors++
			c.Answer(v.Reply())
		}
	}
	return data
}

// admitted lets the client in.
func (s *Session) admitted() {
	s.pool.Count.AuthCmds++
	s.more.guard = nil
}

// denied answers a wrong password, later. Nothing else is read of the client until then.
func (s *Session) denied(c *replicate.Call, reply []byte) {
	s.pool.Count.AuthCmds++
	s.pool.Count.AuthErrors++
	s.sh.group.Complain("a client has said a wrong user or password: refused")
	s.barrier = &c.Call
	s.sh.L.Set(loop.NewTimer(func() { c.Answer(reply) }), wrongTime)
}

// serveSASL serves what a binary client says about who it is. ok is false for another request.
func (s *Session) serveSASL(q *binary.Request) (ok bool) {
	switch {
	case s.guard() == nil && !q.Op.Authenticates():
		return false
	case s.pool.Users == nil:
		s.pool.Count.ClientErrors++
		s.answer(q, binary.UnknownCommand)
	case q.Op == binary.SASLList:
		s.answer(q, binary.Success)
	case q.Op == binary.Version && s.guard() != nil:
		return false // memcached tells everybody
	case q.Op != binary.SASLAuth:
		s.pool.Count.ClientErrors++
		s.answer(q, binary.AuthFailed)
		if !q.Op.Authenticates() {
			s.stop() // as memcached does
		}
	default:
		s.authenticate(q)
	}
	return true
}

// authenticate carries out a SASLAuth. One that fails takes back what one before has brought.
func (s *Session) authenticate(q *binary.Request) {
	s.lock()
	name, password, ok := login.Plain(q.Value)
	if ok && string(q.Key) == binary.Mechanism && s.pool.Users.Users().Has(name, password) {
		s.admitted()
		s.answer(q, binary.Success)
		return
	}
	s.sh.req = ascii.Request{}
	s.binary().next = &q.Waiting
	c := s.call()
	s.binary().next = nil
	s.denied(c, binary.AuthFailed.Text())
}
