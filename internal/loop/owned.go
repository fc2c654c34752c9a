package loop

// A large message that was read from one stream and is written to another is not copied on its way: the first stream
// leaves its buffer to the second. Only buffers too large for the pool are left, so the garbage collector frees them.

// Disown makes the bytes that the last Read or Tail returned stay valid after Keep. It reports false, and does
// nothing, if their buffer is one that is used again.
func (s *Stream) Disown() bool {
	if s.borrowed > 0 || class(cap(s.in)) <= maxClass {
		return false
	}
	s.disowned = true
	return true
}

// WriteOwned is Write for data that nobody changes any more. It is not copied if it is large. The owner must call
// Flush.
func (s *Stream) WriteOwned(data []byte) error {
	switch {
	case s.seal != nil:
		return s.sealLarge(data)
	case len(data) < LargeWrite:
		s.Write(data)
	default:
		s.behind.add(data)
	}
	return nil
}
