package loop

import (
	"errors"
	"io"
)

const (
	// smallTail bounds an incomplete message, in bytes, that is copied to the front of the loop's read buffer before
	// the next read. So that read has nearly the whole buffer.
	smallTail = 16 << 10
	// largeTail is the size in bytes from which an incomplete message is not copied out of the read buffer. Instead
	// the stream takes over the buffer.
	largeTail = 64 << 10
	// LargeWrite is the size in bytes from which WriteLarge sends a message without copying it.
	LargeWrite = 16 << 10
	// stride bounds, for small messages, how many bytes a buffer grows ahead of the bytes that have arrived.
	stride = 64 << 10
	// largePart is the size in bytes of an incomplete message from which a buffer grows far ahead of it.
	largePart = 4 << 20
	// maxRead bounds one read, in bytes. A socket may hold tens of megabytes, and copying them would delay everything
	// else on the loop.
	maxRead = 128 << 10
)

// Stream is a connected, non-blocking socket on a loop. It holds the bytes that were read but not consumed yet, and
// the bytes that were written but not sent yet. An idle stream holds no buffer. Its owner handles its events.
type Stream struct {
	l     *Loop
	fd    int
	watch Events

	in       []byte // in[inOff:] was read but not consumed
	inOff    int
	borrowed int     // > 0: the last Read returned this many bytes of the loop's read buffer
	disowned *shared // in, which belongs to its users from the next Keep on; nil: it is the stream's

	out    []byte // out[outOff:] is not sent yet
	outOff int
	behind behind // follows out: what WriteOwned was given, and what was written after that; empty with a seal

	seal *Seal // nil: bytes are sent as they are. Else out is sealed, but for the record that seal has open at its end
}

// Open registers a connected or connecting socket. h gets its events.
func (s *Stream) Open(l *Loop, fd int, ev Events, h Handler) error {
	*s = Stream{l: l, fd: fd, watch: ev}
	return l.Register(fd, ev, h)
}

// OpenSealed is Open for a socket on which everything is sealed from the next byte on. seal must be new. If it is nil,
// nothing is sealed.
func (s *Stream) OpenSealed(l *Loop, fd int, seal *Seal, ev Events, h Handler) error {
	err := s.Open(l, fd, ev, h)
	s.seal = seal
	return err
}

// Close closes the socket at the end of the turn, and returns the buffers to the pool. Unsent bytes are dropped.
func (s *Stream) Close() {
	s.goodbye()
	s.l.Close(s.fd)
	s.dropIn()
	s.l.Pool.Put(s.out)
	s.behind.drop()
	if s.seal != nil {
		s.seal.release(&s.l.Pool)
	}
	*s = Stream{l: s.l, fd: -1}
}

// goodbye says by TLS that nothing more follows, if everything else is sent.
func (s *Stream) goodbye() {
	if s.seal == nil || s.fd < 0 || s.Unsent() > 0 || s.Blocked() {
		return
	}
	if last := s.seal.goodbye(); last != nil {
		_, _ = Send(s.fd, last)
	}
}

// FD returns the descriptor; -1 after Close.
func (s *Stream) FD() int { return s.fd }

// Read reads once and returns all bytes that are not consumed yet: those that were kept, and those that have just
// arrived. They are valid until the handler returns. The caller must then call Keep with the rest that it has not
// consumed. need is the size of the whole message that is incomplete, if known; else 0.
//
// At the end of the stream the error is io.EOF. If there is nothing to read, data is empty, and Keep must not be
// called. So it is when only a part of a sealed record has arrived.
func (s *Stream) Read(need int) (data []byte, err error) {
	have := len(s.in) - s.inOff
	if have >= smallTail {
		return s.readOn(need)
	}
	buf := s.l.readBuf
	n, err := s.recv(buf[copy(buf, s.in[s.inOff:]):])
	if err = readError(n, err); err != nil || n <= 0 {
		return nil, err
	}
	s.dropIn()
	s.borrowed = have + n
	return buf[:have+n], nil
}

// readOn is Read if the kept bytes are many: it reads at most maxRead bytes into the stream's own buffer.
func (s *Stream) readOn(need int) (data []byte, err error) {
	s.room(need)
	n, err := s.recv(s.in[len(s.in):min(cap(s.in), len(s.in)+maxRead)])
	if err = readError(n, err); err != nil || n <= 0 {
		return nil, err
	}
	s.in = s.in[:len(s.in)+n]
	return s.in[s.inOff:], nil
}

func (s *Stream) recv(b []byte) (n int, err error) {
	if s.seal != nil {
		return s.recvSealed(b)
	}
	return Recv(s.fd, b)
}

// recvSealed is Recv if the stream is sealed. It reads at most maxRead bytes, and opens them.
func (s *Stream) recvSealed(b []byte) (n int, err error) {
	raw := s.l.Pool.Get(maxRead)
	n, err = s.seal.recv(s.fd, b, raw[:maxRead], &s.l.Pool)
	s.l.Pool.Put(raw)
	return n, err
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

// room makes room behind the kept bytes of a message that needs need bytes in all.
//
// The room is for the rest of the message, but not for more than a stride, or than as many bytes as have arrived. So a
// peer cannot make magent reserve memory only by announcing a large message. If a large part has arrived, room makes
// space for seven times as much, because the message would otherwise be copied many times.
//
// A reply with many values announces them one by one. So a new buffer has room for at least half as many bytes as are
// there. Otherwise each value would cause a copy of all the previous ones.
//
// What is there of a sealed record needs room as well.
func (s *Stream) room(need int) {
	have := len(s.in) - s.inOff
	ahead := max(stride, have)
	if have >= largePart {
		ahead = 7 * have
	}
	least := 1 << minClass
	if s.seal != nil {
		least += s.seal.kept()
	}
	want := max(least, min(need-have, ahead))
	if cap(s.in)-len(s.in) >= min(want, maxRead) {
		return
	}
	if s.inOff >= have && cap(s.in)-have >= want {
		s.in = s.in[:copy(s.in, s.in[s.inOff:])] // at least half is consumed: move the rest to the front
	} else {
		b := append(s.l.Pool.next(have, need, have+max(want, have/2)), s.in[s.inOff:]...)
		s.dropIn()
		s.in = b
	}
	s.inOff = 0
}

// Tail returns the kept bytes without reading. Keep must follow, as after Read.
func (s *Stream) Tail() []byte { return s.in[s.inOff:] }

// Kept returns the size of the buffer for kept bytes; 0: there are none. It does not count what has arrived of an
// incomplete sealed record, at most 64 KiB.
func (s *Stream) Kept() int { return cap(s.in) }

// Keep ends the use of the bytes that Read returned. It keeps rest, which must be the end of these bytes, for the next
// Read.
func (s *Stream) Keep(rest []byte) {
	n := len(rest)
	switch {
	case s.disowned != nil:
		var in []byte
		if n > 0 {
			in = append(s.l.Pool.Get(n), rest...)
		}
		s.dropIn()
		s.in = in
	case s.borrowed == 0: // Read returned bytes of s.in
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
	if s.disowned != nil {
		s.disowned.Release()
	} else {
		s.l.Pool.Put(s.in)
	}
	s.in, s.inOff, s.disowned = nil, 0, nil
}

// Write copies data to the bytes that Flush sends.
func (s *Stream) Write(data []byte) {
	if s.seal != nil {
		s.reserve(s.seal.sealedSize(len(data)))
		s.out = s.seal.write(s.out, data)
		return
	}
	if s.behind.size > 0 {
		s.behind.write(data)
		return
	}
	if cap(s.out)-len(s.out) < len(data) { // which usually saves a call
		s.reserve(len(data))
	}
	s.out = append(s.out, data...)
}

// reserve makes room for n more bytes in s.out.
func (s *Stream) reserve(n int) {
	if cap(s.out)-len(s.out) >= n {
		return
	}
	if s.outOff > 0 && s.outOff >= len(s.out)-s.outOff { // at least half is sent: move the rest to the front
		s.out = s.out[:copy(s.out, s.out[s.outOff:])]
		s.outOff = 0
	}
	s.out = s.l.Pool.Grow(s.out, n)
}

// WriteLarge sends the bytes that were written before, and then data, without copying data. Bytes that the socket does
// not accept are copied, for Flush. Small data is only written. WriteLarge must not be called on a stream that is
// still connecting.
func (s *Stream) WriteLarge(data []byte) error {
	if s.seal != nil {
		return s.sealLarge(data)
	}
	if s.watch&Writable != 0 || len(data) < LargeWrite || s.behind.size > 0 {
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

// sealBurst bounds the sealed output that is collected before it is sent, in bytes, as long as the socket accepts it.
const sealBurst = 4 * maxRecord

// sealLarge is WriteLarge if the stream is sealed. data is not copied before it is encrypted, but all of it is
// encrypted now, as it is borrowed.
func (s *Stream) sealLarge(data []byte) error {
	if len(data) < LargeWrite {
		s.Write(data)
		return nil
	}
	s.seal.loosen()
	out, err := s.seal.end(s.out)
	if s.out = out; err != nil {
		return err
	}
	for len(data) > 0 {
		n := min(len(data), s.seal.most)
		if !s.Blocked() && s.Unsent()+s.seal.sealedSize(n) > sealBurst {
			if err := s.push(); err != nil {
				return err
			}
		}
		room := s.seal.sealedSize(len(data))
		if !s.Blocked() {
			room = min(room, sealBurst-s.Unsent())
		}
		s.reserve(room)
		out, err := s.seal.add(s.out, data[:n])
		if s.out = out; err != nil {
			return err
		}
		data = data[n:]
	}
	if s.Blocked() {
		return nil
	}
	return s.push()
}

// Flush sends the bytes that were written. If the socket does not accept all of them, it is watched until it is
// writable, and the owner must then call Flush again.
func (s *Stream) Flush() error {
	if s.seal != nil {
		out, err := s.seal.end(s.out)
		if s.out = out; err != nil {
			return err
		}
		if s.seal.isLoose() {
			s.reserve(s.seal.sealedSize(1))
			s.out = s.seal.nudge(s.out)
		}
	}
	return s.push()
}

// push is Flush for what is sealed already, or is not sealed.
func (s *Stream) push() error {
	for s.outOff < len(s.out) || s.behind.size > 0 {
		n, err := s.send()
		if err != nil {
			if Again(err) {
				s.want(s.watch | Writable)
				return nil
			}
			return err
		}
		first := min(n, len(s.out)-s.outOff)
		s.outOff += first
		s.behind.sent(n - first)
	}
	s.dropOut()
	s.want(s.watch &^ Writable)
	return nil
}

func (s *Stream) send() (n int, err error) {
	if s.behind.size == 0 {
		return Send(s.fd, s.out[s.outOff:])
	}
	return sendAll(s.fd, s.out[s.outOff:], s.behind.buffers)
}

func (s *Stream) dropOut() {
	if s.seal != nil {
		s.seal.drop()
	}
	if s.out != nil {
		s.l.Pool.Put(s.out)
		s.out, s.outOff = nil, 0
	}
	s.behind.drop()
}

// Unsent returns the number of bytes that are written but not sent, as they will be sent.
func (s *Stream) Unsent() int {
	n := len(s.out) - s.outOff + s.behind.size
	if s.seal != nil {
		n += s.seal.owed()
	}
	return n
}

// Blocked reports whether the socket has not accepted all bytes. It is also true while the stream is connecting, if
// the owner waits for Writable.
func (s *Stream) Blocked() bool { return s.watch&Writable != 0 }

// Reading starts or stops watching the socket for input.
func (s *Stream) Reading(on bool) {
	if on {
		s.want(s.watch | Readable)
	} else {
		s.want(s.watch &^ Readable)
	}
}

func (s *Stream) want(ev Events) {
	if ev != s.watch && s.fd >= 0 {
		s.watch = ev
		s.l.Watch(s.fd, ev)
	}
}

// IsEOF reports whether an error of Read is the regular end of the stream.
func IsEOF(err error) bool { return errors.Is(err, io.EOF) }
