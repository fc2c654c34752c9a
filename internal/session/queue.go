package session

import (
	"bytes"
	"math"

	"magent/ascii"
	"magent/internal/binary"
	"magent/internal/call"
	"magent/internal/distribute"
	"magent/internal/lifecycle"
	"magent/internal/loop"
	"magent/internal/pool"
	"magent/internal/stats"
	"magent/replicate"
	"magent/replicate/decide"
)

// call adds a call for the current request to the line of a memcached session.
func (s *Session) call() *replicate.Call { return s.callOf(s.pool) }

// callOf adds a call for the current request to the line, for the session's pool or a group of it.
func (s *Session) callOf(p *pool.Pool) *replicate.Call {
	c, r := p.Engine.NewCall(s), &s.sh.req
	s.enqueue(&c.Call, max(1, r.NumKeys), valuesOf(r), len(r.Raw))
	return c
}

// RedisCall adds a call to the line of a Redis session. The request has so many keys and bytes, and the reply up to so
// many values.
func (s *Session) RedisCall(keys, values, bytes int) *distribute.Call {
	c := s.redis.Commands(s.pool).NewCall(s)
	s.enqueue(&c.Call, keys, values, bytes)
	return c
}

// valuesOf returns how many values the reply to a request may have.
func valuesOf(r *ascii.Request) int {
	if r.Op >= ascii.OpGet && r.Op <= ascii.OpGats || r.Op == ascii.OpMetaGet {
		return r.NumKeys
	}
	return 0
}

// enqueue adds c to the line. The request has so many keys and bytes, and the reply up to so many values.
func (s *Session) enqueue(c *call.Call, keys, values, bytes int) {
	c.Part = s.part
	if s.binary() != nil {
		s.binary().mark(c)
	}
	if s.last == nil {
		s.first = c
	} else {
		s.last.Next = c
	}
	s.last = c
	c.Keys, c.Values, c.Size = keys, values, bytes
	c.At = s.sh.L.Now()
	if s.sh.group.Slow > 0 {
		s.note(c)
	}
	s.pending += int32(c.Keys)
	s.values += int32(c.Values)
	s.sent += c.Size
	s.wants = 0
	s.expect()
}

// Answer takes the reply to c. It is written if c is the first in the line; otherwise c keeps it.
func (s *Session) Answer(c *call.Call, reply []byte) {
	c.Done = true
	if s.phase == lifecycle.Closed {
		s.forget(c)
		return
	}
	if c != s.first {
		c.Keep(reply)
		if s.held += len(reply) + c.RestSize(); s.held > windowUnsent {
			s.scheduleFlush() // for account
		}
		return
	}
	s.deliver(reply)
	for s.first != nil && s.first.Done {
		s.held -= len(s.first.Held) + s.first.RestSize()
		s.deliver(s.first.Held)
	}
	if s.first == nil || s.reading != lifecycle.Flowing || s.phase != lifecycle.Open {
		s.scheduleFlush()
	} else if s.writing == lifecycle.Idle {
		s.writing = lifecycle.Late
		s.sh.L.MarkLate(s)
	}
}

// deliver writes the reply to the first call and removes that from the line.
func (s *Session) deliver(reply []byte) {
	c := s.first
	if c == s.barrier {
		s.barrier = nil
		if s.redis != nil {
			if s.waits() {
				c.At = s.sh.L.Now() // nobody was slow
			}
			s.redis.Settled()
		}
	}
	switch {
	case s.binary() != nil:
		s.writeBinary(c, reply)
	case c.Part == call.Whole:
		s.write(reply)
	default:
		s.writePiece(c, reply)
	}
	s.writeRest(c)
	s.first = c.Next
	if s.first == nil {
		s.last = nil
	}
	c.Next = nil
	s.uncount(c)
	s.active = s.sh.L.Now()
	waited := s.active - c.At
	s.pool.Count.Waited.Observe(waited)
	if slow := s.sh.group.Slow; slow > 0 && waited >= int64(slow) {
		s.slow(c, waited)
	}
	if s.redis != nil {
		s.pool.Count.Outcomes[stats.Redis][stats.RedisResult(reply)]++
	}
	s.window = int32(min(int(s.window)+c.Keys, windowMax))
	if c.Values > 0 {
		each := (len(reply) + c.RestSize()) / c.Values
		s.demand.observe(each)
		s.keySize = max(int32(min(each, math.MaxInt32)), s.keySize-s.keySize/8, 1)
	}
	s.expect()
	c.Release()
}

func (s *Session) write(reply []byte) {
	n := len(reply)
	s.work -= n
	s.pool.Count.BytesWritten += uint64(n)
	if s.phase == lifecycle.Failed || s.peer == lifecycle.Gone {
		return
	}
	if s.collects() {
		s.collect(reply)
	} else if n >= loop.LargeWrite {
		if s.s.WriteLarge(reply) != nil {
			s.fail()
		}
	} else {
		s.s.Write(reply)
	}
}

// writeRest writes what follows the reply to a call.
func (s *Session) writeRest(c *call.Call) {
	for _, p := range c.Rest {
		s.work -= len(p.Data)
		s.pool.Count.BytesWritten += uint64(len(p.Data))
		if s.phase != lifecycle.Failed && s.peer != lifecycle.Gone && s.s.WriteOwned(p) != nil {
			s.fail()
		}
	}
}

// say answers with a line of the proxy's own.
func (s *Session) say(line string) { s.call().Answer([]byte(line)) }

// sayRedis is say for Redis pools.
func (s *Session) sayRedis(line string) { s.RedisCall(1, 0, 0).Answer([]byte(line)) }

// uncount takes c, which is out of the line, from what is counted.
func (s *Session) uncount(c *call.Call) {
	s.pending -= int32(c.Keys)
	s.values -= int32(c.Values)
	s.sent -= c.Size
}

// forget drops the answer to a call whose client has gone.
func (s *Session) forget(c *call.Call) {
	s.uncount(c)
	s.expect()
	c.Release()
}

var endLine = []byte("END\r\n")

// writePiece writes the part of the reply to a piece that the client should see.
func (s *Session) writePiece(c *call.Call, reply []byte) {
	what := s.long().Answered(c, reply, bytes.HasSuffix(reply, endLine))
	s.longEnds()
	switch what {
	case decide.ShowAll:
		s.write(reply)
	case decide.ShowLoss:
		s.pool.Count.Errors++
		s.pool.Count.Outcomes[stats.Get][stats.Error]++
		s.write(reply)
	case decide.ShowValues:
		s.write(reply[:len(reply)-len(endLine)])
	case decide.ShowEnd:
		s.write(endLine)
	}
}

// writeBinary writes the reply to a call.
func (s *Session) writeBinary(c *call.Call, reply []byte) {
	w := binary.Unpack(c.Tag)
	w.Key = c.Echo
	head, body := w.AppendReply(s.sh.head[:0], reply)
	if s.sh.head = head; cap(head) > maxKeptLine {
		s.sh.head = nil
	}
	if len(head) > 0 {
		s.write(head)
	}
	if len(body) > 0 {
		s.write(body)
	}
}

// answer answers a request with a code, without the engine.
func (s *Session) answer(q *binary.Request, code binary.Code) {
	s.sh.req = ascii.Request{}
	s.binary().next = &q.Waiting
	s.call().Answer(code.Text())
	s.binary().next = nil
}
