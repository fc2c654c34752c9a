package loop

// A large message that was read from one stream and is written to others is not copied on its way: the first stream
// leaves its buffer to all who need it. It is used again when the last of them does not need it any more. All of them
// are on one loop.

// Disown makes the bytes that the last Read or Tail returned stay valid after Keep, as long as their owner is held.
// The stream holds it until Keep or Close. It returns nil, and does nothing, if the buffer is one of those that are
// used again at once.
func (s *Stream) Disown() Owner {
	if s.borrowed > 0 || class(s.Kept()) <= maxClass {
		return nil
	}
	if s.in.disowned == nil {
		s.in.disowned = s.l.Pool.share(s.in.b)
	}
	return s.in.disowned
}

// WriteOwned is Write for a piece. If it is large, it is not copied, and the stream holds it until it is sent or
// dropped. The stream's owner must call Flush.
func (s *Stream) WriteOwned(p Piece) error {
	switch {
	case s.seal != nil:
		return s.sealLarge(p.Data)
	case len(p.Data) < LargeWrite:
		s.Write(p.Data)
	default:
		s.output().behind.add(p)
	}
	return nil
}
