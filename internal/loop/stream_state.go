package loop

// Stream is a connected, non-blocking socket on a loop. It holds the bytes that were read but not consumed yet, and
// the bytes that were written but not sent yet. An idle one holds neither. Its owner handles its events.
type Stream struct {
	l    *Loop
	in   *input  // nil: all that was read is consumed
	out  *output // nil: all that was written is sent
	seal *Seal   // nil: bytes are sent as they are. Else out is sealed, but for the record that is open at its end

	fd       int32
	borrowed int32 // > 0: the last Read returned this many bytes of the loop's read buffer
	watch    Events
}

// hold has the stream hold b, of which the bytes from off on are not consumed. It holds no input yet.
func (s *Stream) hold(b []byte, off int) {
	s.in = s.l.inputs.Take()
	s.in.b, s.in.off = b, off
}

func (s *Stream) dropIn() {
	if in := s.in; in != nil {
		if in.disowned != nil {
			in.disowned.Release()
		} else {
			s.l.Pool.Put(in.b)
		}
		s.in = nil
		s.l.inputs.Give(in)
	}
}

// output returns where to write to. Flush, or Close, gives it back.
func (s *Stream) output() *output {
	if s.out == nil {
		s.out = s.l.outputs.Take()
	}
	return s.out
}

func (s *Stream) dropOut() {
	if s.seal != nil {
		s.seal.drop()
	}
	if o := s.out; o != nil {
		o.behind.drop()
		s.l.Pool.Put(o.b)
		s.out = nil
		s.l.outputs.Give(o)
	}
}
