package session

import "magent/internal/loop"

// What all clients of a pool on a loop have under way together is bounded, so that the servers are not asked for more than they
// can deliver in reasonable time, and others do not wait behind it. What is beyond that is not sent: it waits with its client.
const (
	MaxExpected = 8 << 20   // bytes on their way, of all clients together
	FairShare   = 64 << 10  // so much a client may have on its way at any time; of small values that is more than its window
	UnknownSize = 128 << 10 // of a reply, as long as none has come
)

// Demand is what the clients of a pool on one loop have under way: the bytes of large requests, and of the replies that are
// expected, as far as their sizes can be guessed. A client counts until its last request is answered, also when it has gone.
type Demand struct {
	l         *loop.Loop
	Bytes     int        // the sum of session.expected
	Size      int        // about that of recent replies for a value; 0: there were none
	waiting   []*Session // those that want more than their share when there is no room; first come, first served
	scheduled bool       // Flush will be called
}

// DemandOf is that of the pool with the index, whatever changes there.
func (sh *Shard) DemandOf(pool int) *Demand {
	for len(sh.demands) <= pool {
		sh.demands = append(sh.demands, &Demand{l: sh.L})
	}
	return sh.demands[pool]
}

// observe notes the size of a reply for a value.
func (d *Demand) observe(size int) {
	if d.Size == 0 {
		d.Size = size
	}
	d.Size += (size - d.Size) / 16
}

// guess is the size of a reply about which nothing else is known.
func (d *Demand) guess() int {
	if d.Size == 0 {
		return UnknownSize
	}
	return d.Size
}

// Change notes that bytes have come or gone.
func (d *Demand) Change(by int) {
	d.Bytes += by
	if by < 0 && len(d.waiting) > 0 {
		d.scheduleFlush()
	}
}

func (d *Demand) scheduleFlush() {
	if !d.scheduled && d.Bytes < MaxExpected {
		d.scheduled = true
		d.l.Mark(d)
	}
}

// Waiting is how many clients wait for their turn.
func (d *Demand) Waiting() int { return len(d.waiting) }

// join puts a client at the end of the line.
func (d *Demand) join(s *Session) {
	if s.place == waiting {
		return
	}
	s.place = waiting
	d.waiting = append(d.waiting, s)
	d.scheduleFlush()
}

// Flush serves those that wait, as far as there is room.
func (d *Demand) Flush() {
	d.scheduled = false
	for d.Bytes < MaxExpected && len(d.waiting) > 0 {
		s := d.waiting[0]
		d.waiting[0] = nil
		d.waiting = d.waiting[1:]
		s.place = first
		if s.phase < lingering && s.reading == paused && !s.full() {
			s.resume()
		}
		if s.place == first {
			s.place = apart
		}
		s.check()
	}
	if len(d.waiting) == 0 {
		d.waiting = nil
	}
}

// guess is about the size of the next reply for a value.
func (s *Session) guess() int {
	if s.keySize > 0 {
		return s.keySize
	}
	return s.demand.guess()
}

// expect tells the demand what the client has under way now.
func (s *Session) expect() {
	n := s.values*s.guess() + s.sent
	s.demand.Change(n - s.expected)
	s.expected = n
}

// mustQueue reports whether a request of so many bytes, with so many values in the reply, has to wait for its turn. Then it is
// met again.
func (s *Session) mustQueue(values, bytes int) bool {
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
func (d *Demand) roomFor(s *Session) bool {
	return d.Bytes < MaxExpected && (s.place == first || len(d.waiting) == 0)
}

// crowded reports whether what the client wants has to wait until others have got what they asked for.
func (s *Session) crowded() bool {
	return s.wants > 0 && !s.demand.roomFor(s) && s.expected+s.wants > FairShare
}

// pause has what was read wait.
func (s *Session) pause() {
	s.reading = paused
	s.pool.Count.Backpressure++
	s.lineUp()
}

// lineUp has the client wait for its turn, if that is what it has to wait for.
func (s *Session) lineUp() {
	if s.crowded() {
		s.demand.join(s)
	}
}
