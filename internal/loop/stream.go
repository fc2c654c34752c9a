package loop

import (
	"errors"
	"io"

	"golang.org/x/sys/unix"
)

const (
	// smallTail: a message that has arrived in part and is smaller is copied back to the front of the read buffer for the
	// next read, so that every read has the room of that buffer.
	smallTail = 16 << 10
	// largeTail: one that is at least this large is not copied out of the read buffer: the buffer itself changes hands.
	largeTail = 64 << 10
	// LargeWrite is the size from which WriteLarge sends a message from where it lies.
	LargeWrite = 16 << 10
	// stride bounds how far a buffer is grown ahead of the bytes that have really arrived.
	stride = 64 << 10
	// largePart is a part of a message after which the rest is believed in.
	largePart = 4 << 20
	// maxRead is read at a time: a socket may hold tens of megabytes, and everybody else on the loop waits while they are copied.
	maxRead = 128 << 10
)

// Stream is one connected, non-blocking socket on a loop with what has been read but not understood yet, and what has
// been written but not sent yet. Idle, it holds no buffer. Its owner is the Handler of its events.
type Stream struct {
	l     *Loop
	fd    int
	watch Events

	in       []byte // the tail of what was read: in[inOff:]
	inOff    int
	borrowed int // > 0: the last Read lent this many bytes of the loop's read buffer

	out    []byte // not sent yet: out[outOff:]
	outOff int
}

// Open registers a connected or connecting socket; h gets its events.
func (s *Stream) Open(l *Loop, fd int, ev Events, h Handler) error {
	*s = Stream{l: l, fd: fd, watch: ev}
	return l.Register(fd, ev, h)
}

// Close closes the socket at the end of the turn and gives the buffers back. What was not sent is dropped.
func (s *Stream) Close() {
	s.l.Close(s.fd)
	s.l.Pool.Put(s.in)
	s.l.Pool.Put(s.out)
	*s = Stream{l: s.l, fd: -1}
}

// HandOver shuts the socket down for writing, drops what is not sent and what is not understood, and moves the rest to to,
// whose events h gets: it can be read to its end. The stream is closed afterwards, and so is to when there is an error.
func (s *Stream) HandOver(to *Stream, h Handler) error {
	if err := unix.Shutdown(s.fd, unix.SHUT_WR); err != nil {
		s.Close()
		return err
	}
	s.dropIn()
	s.dropOut()
	s.l.slots[s.fd].h = h
	*to, *s = *s, Stream{l: s.l, fd: -1}
	to.want(Readable)
	return nil
}

// FD is the descriptor, -1 after Close.
func (s *Stream) FD() int { return s.fd }

// Read does one read and returns all bytes that are not understood yet: the kept tail and what came now. They are
// valid until the handler returns; Keep must be told which of them are left. need is the size of the whole message
// being waited for, if known. At the end of file the error is io.EOF. With nothing to read data is empty, and what was
// kept stays so without a call of Keep.
func (s *Stream) Read(need int) (data []byte, err error) {
	have := len(s.in) - s.inOff
	if have >= smallTail {
		return s.readOn(need)
	}
	buf := s.l.readBuf
	n, err := Recv(s.fd, buf[copy(buf, s.in[s.inOff:]):])
	if err = readError(n, err); err != nil || n <= 0 {
		return nil, err
	}
	s.dropIn()
	s.borrowed = have + n
	return buf[:have+n], nil
}

// readOn reads behind a tail that is not small: maxRead, however much room there is.
func (s *Stream) readOn(need int) (data []byte, err error) {
	s.room(need)
	n, err := Recv(s.fd, s.in[len(s.in):min(cap(s.in), len(s.in)+maxRead)])
	if err = readError(n, err); err != nil || n <= 0 {
		return nil, err
	}
	s.in = s.in[:len(s.in)+n]
	return s.in[s.inOff:], nil
}

func readError(n int, err error) error {
	switch {
	case err == nil && n == 0:
		return io.EOF
	case err != nil && Again(err):
		return nil
	}
	return err
}

// room makes place behind the tail: for all of the message if that is at most a stride away, else for a stride, or for as much
// again as is there; so nobody has memory reserved by announcing alone. Who has sent a part of a large message gets eight
// times that much: else all of it would be copied many times. A message of many values is announced value by value; so a new buffer is larger than the tail by half at least, or each value
// would be the occasion to copy all before it.
func (s *Stream) room(need int) {
	have := len(s.in) - s.inOff
	ahead := max(stride, have)
	if have >= largePart {
		ahead = 7 * have
	}
	want := min(max(need-have, 1<<minClass), ahead)
	if cap(s.in)-len(s.in) >= min(want, maxRead) {
		return
	}
	if s.inOff >= have && cap(s.in)-have >= want {
		s.in = s.in[:copy(s.in, s.in[s.inOff:])] // the front is free and at least as large as the tail: move down
	} else {
		b := append(s.l.Pool.Get(have+max(want, have/2)), s.in[s.inOff:]...)
		s.l.Pool.Put(s.in)
		s.in = b
	}
	s.inOff = 0
}

// Tail returns the kept bytes without reading; Keep has to follow as after Read.
func (s *Stream) Tail() []byte { return s.in[s.inOff:] }

// Kept is the size of the buffer in which bytes wait for the rest of their message, 0 when there are none.
func (s *Stream) Kept() int { return cap(s.in) }

// Keep ends the use of what Read returned: rest, which must be the end of it, is kept for the next Read.
func (s *Stream) Keep(rest []byte) {
	n := len(rest)
	switch {
	case s.borrowed == 0: // data lay in s.in
		s.inOff = len(s.in) - n
		if n == 0 {
			s.dropIn()
		}
	case n == 0:
	case n >= largeTail:
		s.in = s.l.TakeReadBuffer()[:s.borrowed]
		s.inOff = s.borrowed - n
	default:
		s.in, s.inOff = append(s.l.Pool.Get(n), rest...), 0
	}
	s.borrowed = 0
}

func (s *Stream) dropIn() {
	s.l.Pool.Put(s.in)
	s.in, s.inOff = nil, 0
}

// Write collects data, to be sent by Flush.
func (s *Stream) Write(data []byte) {
	s.reserve(len(data))
	s.out = append(s.out, data...)
}

func (s *Stream) reserve(n int) {
	if cap(s.out)-len(s.out) >= n {
		return
	}
	if s.outOff > 0 && s.outOff >= len(s.out)-s.outOff { // at least half is sent: move down
		s.out = s.out[:copy(s.out, s.out[s.outOff:])]
		s.outOff = 0
	}
	s.out = s.l.Pool.Grow(s.out, n)
}

// WriteLarge sends what is collected and then data straight from where it lies; what the socket does not take is
// collected. It must not be called on a stream that is still connecting.
func (s *Stream) WriteLarge(data []byte) error {
	if s.watch&Writable != 0 || len(data) < LargeWrite {
		s.Write(data)
		return nil
	}
	n, err := Send2(s.fd, s.out[s.outOff:], data)
	if err != nil && !Again(err) {
		return err
	}
	if pending := len(s.out) - s.outOff; n < pending {
		s.outOff += n
		n = 0
	} else {
		s.dropOut()
		n -= pending
	}
	if n < len(data) {
		s.Write(data[n:])
		s.want(s.watch | Writable)
	}
	return nil
}

// Flush sends what is collected. What the socket does not take is sent when it is writable: the owner calls Flush then.
func (s *Stream) Flush() error {
	for s.outOff < len(s.out) {
		n, err := Send(s.fd, s.out[s.outOff:])
		if err != nil {
			if Again(err) {
				s.want(s.watch | Writable)
				return nil
			}
			return err
		}
		s.outOff += n
	}
	s.dropOut()
	s.want(s.watch &^ Writable)
	return nil
}

func (s *Stream) dropOut() {
	if s.out != nil {
		s.l.Pool.Put(s.out)
		s.out, s.outOff = nil, 0
	}
}

// Unsent is the number of collected bytes.
func (s *Stream) Unsent() int { return len(s.out) - s.outOff }

// Blocked reports whether the socket did not take all it was given.
func (s *Stream) Blocked() bool { return s.watch&Writable != 0 }

// Reading turns the watching for input on or off.
func (s *Stream) Reading(on bool) {
	if on {
		s.want(s.watch | Readable)
	} else {
		s.want(s.watch &^ Readable)
	}
}

// Detach stops the watching for anything, for good, and drops what is not sent. Read still reads.
func (s *Stream) Detach() {
	s.l.Unwatch(s.fd)
	s.watch = 0
	s.dropOut()
}

func (s *Stream) want(ev Events) {
	if ev != s.watch && s.fd >= 0 {
		s.watch = ev
		s.l.Watch(s.fd, ev)
	}
}

// IsEOF reports whether a Read error is the plain end of the stream.
func IsEOF(err error) bool { return errors.Is(err, io.EOF) }
