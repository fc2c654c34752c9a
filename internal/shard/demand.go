package shard

import "magent/internal/loop"

// What all clients of a pool on a loop have under way together is bounded, so that the servers are not asked for more than they
// can deliver in reasonable time, and others do not wait behind it. What is beyond that is not sent: it waits with its client.
const (
	maxExpected = 8 << 20   // bytes on their way, of all clients together
	fairShare   = 64 << 10  // so much a client may have on its way at any time; of small values that is more than its window
	unknownSize = 128 << 10 // of a reply, as long as none has come
)

// demand is what the clients of a pool on one loop have under way: the bytes of large requests, and of the replies that are
// expected, as far as their sizes can be guessed. A client counts until its last request is answered, also when it has gone.
type demand struct {
	l       *loop.Loop
	bytes   int        // the sum of session.expected
	size    int        // about that of recent replies for a value; 0: there were none
	waiting []*session // those that want more than their share when there is no room; first come, first served
	marked  bool       // Flush will be called
}

// demandOf is that of the pool with the index, whatever changes there.
func (sh *Shard) demandOf(pool int) *demand {
	for len(sh.demands) <= pool {
		sh.demands = append(sh.demands, &demand{l: sh.L})
	}
	return sh.demands[pool]
}

// observe notes the size of a reply for a value.
func (d *demand) observe(size int) {
	if d.size == 0 {
		d.size = size
	}
	d.size += (size - d.size) / 16
}

// guess is the size of a reply about which nothing else is known.
func (d *demand) guess() int {
	if d.size == 0 {
		return unknownSize
	}
	return d.size
}

// change notes that bytes have come or gone.
func (d *demand) change(by int) {
	d.bytes += by
	if by < 0 && len(d.waiting) > 0 {
		d.mark()
	}
}

func (d *demand) mark() {
	if !d.marked && d.bytes < maxExpected {
		d.marked = true
		d.l.Mark(d)
	}
}

// join puts a client at the end of the line.
func (d *demand) join(s *session) {
	if s.queued {
		return
	}
	s.queued = true
	d.waiting = append(d.waiting, s)
	d.mark()
}

// Flush serves those that wait, as far as there is room.
func (d *demand) Flush() {
	d.marked = false
	for d.bytes < maxExpected && len(d.waiting) > 0 {
		s := d.waiting[0]
		d.waiting[0] = nil
		d.waiting = d.waiting[1:]
		s.queued = false
		s.turn = true
		if !s.closed && !s.failed && s.paused && !s.full() {
			s.resume()
		}
		s.turn = false
	}
	if len(d.waiting) == 0 {
		d.waiting = nil
	}
}

// guess is about the size of the next reply for a value.
func (s *session) guess() int {
	if s.keySize > 0 {
		return s.keySize
	}
	return s.demand.guess()
}

// expect tells the demand what the client has under way now.
func (s *session) expect() {
	n := s.values*s.guess() + s.sent
	s.demand.change(n - s.expected)
	s.expected = n
}

// mustQueue reports whether a request of so many bytes, with so many values in the reply, has to wait for its turn. Then it is
// met again.
func (s *session) mustQueue(values, bytes int) bool {
	if s.demand.roomFor(s) {
		return false
	}
	s.wants = values*s.guess() + bytes
	if s.crowded() {
		return true
	}
	s.wants = 0
	return false
}

// roomFor reports whether the client may ask for whatever it likes.
func (d *demand) roomFor(s *session) bool {
	return d.bytes < maxExpected && (s.turn || len(d.waiting) == 0)
}

// crowded reports whether what the client wants has to wait until others have got what they asked for.
func (s *session) crowded() bool {
	return s.wants > 0 && !s.demand.roomFor(s) && s.expected+s.wants > fairShare
}

// pause has what was read wait.
func (s *session) pause() {
	s.paused = true
	s.pool.Count.Backpressure++
	s.lineUp()
}

// lineUp has the client wait for its turn, if that is what it has to wait for.
func (s *session) lineUp() {
	if s.crowded() {
		s.demand.join(s)
	}
}
