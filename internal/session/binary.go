package session

import (
	"magent/ascii"
	"magent/internal/binary"
	"magent/internal/lifecycle"
)

// A client that begins with the byte 0x80 speaks memcached's binary protocol. Each of its requests becomes a text
// request, which is carried out as if a text client had sent it. The reply becomes a binary one when it is delivered.

// isBinary reports whether the client speaks the binary protocol, which its first byte tells.
func (s *Session) isBinary(data []byte) bool {
	if s.binary() == nil && s.served == 0 && s.first == nil && len(data) > 0 && data[0] == binary.Magic {
		s.extra().binary = &binaryClient{}
		s.pool.Count.CurrBinary++
	}
	return s.binary() != nil
}

// skipping reports whether the rest of a refused request is still to come.
func (s *Session) skipping() bool {
	return s.skips() || s.binary() != nil && s.binary().skip > 0 || s.guard() != nil && s.guard().Waits()
}

// serveBinary does what serveAll does.
func (s *Session) serveBinary(data []byte) (rest []byte) {
	b, q := s.binary(), &s.sh.packet
	s.reading = lifecycle.Flowing
	for len(data) > 0 && s.phase < lifecycle.Closing {
		if s.full() {
			s.pause()
			break
		}
		if s.work <= 0 {
			s.yield()
			break
		}
		if b.skip > 0 {
			n := min(b.skip, len(data))
			s.spend(n)
			b.skip -= n
			data = data[n:]
			continue
		}
		n, st := binary.Next(data, s.limits(), q)
		if st != ascii.Incomplete {
			s.setNeed(0)
		}
		switch st {
		case ascii.Complete:
			if !s.serveText(q, n) {
				continue // it is met again, as in serveAll
			}
		case ascii.Refused:
			b.skip = q.Skip
			s.spend(n)
			s.refuseBinary(q)
		case ascii.Fatal:
			s.wrong = true
			s.answer(q, q.Code)
			s.stop()
			return nil
		default:
			s.setNeed(q.Need)
			if s.noRoomFor(s.pool.Limits.MaxValue) {
				s.outOfMemory(&ascii.Request{Need: s.need()})
				return nil
			}
			return data
		}
		data = data[n:]
	}
	return data
}

// serveText carries out a request of n bytes, or returns false if it has to wait.
func (s *Session) serveText(q *binary.Request, n int) bool {
	if (q.Op.Authenticates() || s.guard() != nil) && s.serveSASL(q) {
		s.spend(n)
		return true
	}
	if q.Op == binary.Quit {
		s.spend(n)
		if !q.Quiet() {
			s.answer(q, binary.Success)
		}
		s.stop()
		return true
	}
	text := q.AppendText(s.sh.text[:0], s.pool.HasMeta())
	if s.sh.text = text; cap(text) > maxKeptLine {
		s.sh.text = nil
	}
	r := &s.sh.req
	_, st := ascii.Next(text, s.pool.Limits, r)
	if st == ascii.Complete && (s.mustWait(r) || s.mustQueue(valuesOf(r), n)) {
		return false
	}
	s.spend(n)
	if st != ascii.Complete { // the text protocol allows less
		s.pool.Count.ClientErrors++
		s.answer(q, binary.Invalid)
		return true
	}
	s.binary().next = &q.Waiting
	s.serve(r)
	s.binary().next = nil
	return true
}

// refuseBinary answers a request that binary.Next has refused. As in memcached, a set of too large a value loses the
// old one.
func (s *Session) refuseBinary(q *binary.Request) {
	if s.guard() != nil {
		s.serveSASL(q)
		return
	}
	if q.Code == binary.TooLarge && q.Op == binary.Set && len(q.Key) > 0 {
		r := &s.sh.req
		*r = ascii.Request{Op: ascii.OpSet, Key: q.Key, NumKeys: 1, Reply: tooLargeLine}
		s.binary().next = &q.Waiting
		s.drop(r)
		s.binary().next = nil
		return
	}
	s.pool.Count.ClientErrors++
	s.answer(q, q.Code)
}

var tooLargeLine = []byte("SERVER_ERROR object too large for cache\r\n")
