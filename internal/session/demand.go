package session

import "magent/internal/lifecycle"

// DemandOf returns the demand of the pool with this index. It stays the same when a reload changes the pool.
func (sh *Shard) DemandOf(pool int) *Demand {
	for len(sh.demands) <= pool {
		sh.demands = append(sh.demands, &Demand{l: sh.L})
	}
	return sh.demands[pool]
}

// observe takes the size of a reply for one value into account.
func (d *Demand) observe(size int) {
	if d.Size == 0 {
		d.Size = size
	}
	d.Size += (size - d.Size) / 16
}

// guess returns the expected size of a reply for one value, if nothing else is known.
func (d *Demand) guess() int {
	if d.Size == 0 {
		return unknownSize
	}
	return d.Size
}

// Change adds to the bytes that are under way.
func (d *Demand) Change(by int) {
	d.Bytes += by
	if by < 0 && len(d.waiting) > 0 {
		d.scheduleFlush()
	}
}

func (d *Demand) scheduleFlush() {
	if !d.scheduled && d.Bytes < maxExpected {
		d.scheduled = true
		d.l.Mark(d)
	}
}

// Waiting returns how many clients wait for their turn.
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

// guess returns the expected size of the next reply for one value.
func (s *Session) guess() int {
	if s.keySize > 0 {
		return int(s.keySize)
	}
	return s.demand.guess()
}

// expect tells the demand what the client has under way now.
func (s *Session) expect() {
	n := int(s.values)*s.guess() + s.sent
	s.demand.Change(n - s.expected)
	s.expected = n
}

// mustQueue reports whether a request has to wait for its turn: one of so many bytes, with so many values in the
// reply. The request is parsed again when its turn comes.
func (s *Session) mustQueue(values, bytes int) bool {
	if s.demand.roomFor(s) {
		return false
	}
	s.wants = values*s.guess() + bytes
	if s.throttled() {
		return true
	}
	s.wants = 0
	return false
}

// roomFor reports whether the client may ask for any amount.
func (d *Demand) roomFor(s *Session) bool {
	return d.Bytes < maxExpected && (s.place == first || len(d.waiting) == 0)
}

// throttled reports whether the request that the client wants to make has to wait for what others have asked for.
func (s *Session) throttled() bool {
	return s.wants > 0 && !s.demand.roomFor(s) && s.expected+s.wants > fairShare
}

// pause stops serving the client. What was read waits.
func (s *Session) pause() {
	s.reading = lifecycle.Paused
	s.pool.Count.Backpressure++
	s.lineUp()
}

// lineUp puts the client in the line of its pool, if that is what it has to wait for.
func (s *Session) lineUp() {
	if s.throttled() {
		s.demand.join(s)
	}
}
