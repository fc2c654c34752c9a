package gate

import (
	"magent/internal/fault"
	"magent/internal/loop"
)

// Output is what a connection has to say, and may not say before records are kept: a successor would not know what the
// other end has seen. As long as everything is kept, that costs one comparison for each flush.
type Output struct {
	bytes   []byte
	covered int    // so many of them may leave when the record with this number is kept
	number  uint64 // 0: none of them wait for a record yet
}

// Len returns how many bytes wait. o may be nil.
func (o *Output) Len() int {
	if o == nil {
		return 0
	}
	return len(o.bytes)
}

// Write adds to it. A large piece goes to the stream from where it lies, if nothing has to wait.
func (o *Output) Write(g *Gate, l *loop.Loop, s *loop.Stream, data []byte) error {
	if len(data) >= loop.LargeWrite && len(o.bytes) == 0 && g.Recorded() <= g.Kept() {
		return s.WriteLarge(data)
	}
	o.bytes = l.Pool.Append(o.bytes, data)
	return nil
}

// Release moves to the stream what may leave. If something is left, it waits for the record with this number.
func (o *Output) Release(g *Gate, l *loop.Loop, s *loop.Stream) (number uint64) {
	for len(o.bytes) > 0 {
		if o.number == 0 {
			o.number, o.covered = g.Recorded(), len(o.bytes)
		}
		if o.number > g.Kept() && !fault.Records {
			return o.number
		}
		s.Write(o.bytes[:o.covered])
		o.bytes = o.bytes[:copy(o.bytes, o.bytes[o.covered:])]
		o.number, o.covered = 0, 0
	}
	o.Drop(l)
	return 0
}

// Drop forgets what waits.
func (o *Output) Drop(l *loop.Loop) {
	l.Pool.Put(o.bytes)
	*o = Output{}
}
