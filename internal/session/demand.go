package session

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
