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

// Open registers a connected or connecting socket. h gets its events.
func (s *Stream) Open(l *Loop, fd int, ev Events, h Handler) error {
	*s = Stream{l: l, fd: int32(fd), watch: ev}
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
	s.l.Close(s.FD())
	s.dropIn()
	s.dropOut()
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
		_, _ = Send(s.FD(), last)
	}
}

// FD returns the descriptor; -1 after Close.
func (s *Stream) FD() int { return int(s.fd) }

// Read reads once and returns all bytes that are not consumed yet: those that were kept, and those that have just
// arrived. They are valid until the handler returns. The caller must then call Keep with the rest that it has not
// consumed. need is the size of the whole message that is incomplete, if known; else 0.
//
// At the end of the stream the error is io.EOF. If there is nothing to read, data is empty, and Keep must not be
// called. So it is when only a part of a sealed record has arrived.
func (s *Stream) Read(need int) (data []byte, err error) {
	have := len(s.Tail())
	if have >= smallTail {
		return s.readOn(need)
	}
	buf := s.l.readBuf
	n, err := s.recv(buf[copy(buf, s.Tail()):])
	if err = readError(n, err); err != nil || n <= 0 {
		return nil, err
	}
	s.dropIn()
	s.borrowed = int32(have + n)
	return buf[:have+n], nil
}

// readOn is Read if the kept bytes are many: it reads at most maxRead bytes into the stream's own buffer.
func (s *Stream) readOn(need int) (data []byte, err error) {
	s.room(need)
	b := s.in.b
	n, err := s.recv(b[len(b):min(cap(b), len(b)+maxRead)])
	if err = readError(n, err); err != nil || n <= 0 {
		return nil, err
	}
	s.in.b = b[:len(b)+n]
	return s.Tail(), nil
}

func (s *Stream) recv(b []byte) (n int, err error) {
	if s.seal != nil {
		return s.recvSealed(b)
	}
	return Recv(s.FD(), b)
}

// recvSealed is Recv if the stream is sealed. It reads at most maxRead bytes, and opens them.
func (s *Stream) recvSealed(b []byte) (n int, err error) {
	raw := s.l.Pool.Get(maxRead)
	n, err = s.seal.recv(s.FD(), b, raw[:maxRead], &s.l.Pool)
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
	in := s.in
	have := len(in.b) - in.off
	ahead := max(stride, have)
	if have >= largePart {
		ahead = 7 * have
	}
	least := 1 << minClass
	if s.seal != nil {
		least += s.seal.kept()
	}
	want := max(least, min(need-have, ahead))
	if cap(in.b)-len(in.b) >= min(want, maxRead) {
		return
	}
	if in.off >= have && cap(in.b)-have >= want { // at least half is consumed: move the rest to the front
		in.b, in.off = in.b[:copy(in.b, in.b[in.off:])], 0
	} else {
		b := append(s.l.Pool.next(have, need, have+max(want, have/2)), in.b[in.off:]...)
		s.dropIn()
		s.hold(b, 0)
	}
}

// Tail returns the kept bytes without reading. Keep must follow, as after Read.
func (s *Stream) Tail() []byte {
	if s.in == nil {
		return nil
	}
	return s.in.b[s.in.off:]
}

// Kept returns the size of the buffer for kept bytes; 0: there are none. It does not count what has arrived of an
// incomplete sealed record, at most 64 KiB.
func (s *Stream) Kept() int {
	if s.in == nil {
		return 0
	}
	return cap(s.in.b)
}

// Keep ends the use of the bytes that Read returned. It keeps rest, which must be the end of these bytes, for the next
// Read.
func (s *Stream) Keep(rest []byte) {
	n := len(rest)
	switch {
	case n == 0:
		s.dropIn()
	case s.borrowed == 0 && s.in.disowned == nil: // Read returned bytes of s.in
		s.in.off = len(s.in.b) - n
	case s.borrowed > 0 && n >= largeTail:
		s.hold(s.l.TakeReadBuffer()[:s.borrowed], int(s.borrowed)-n)
	default:
		b := append(s.l.Pool.Get(n), rest...)
		s.dropIn()
		s.hold(b, 0)
	}
	s.borrowed = 0
}

// Write copies data to the bytes that Flush sends.
func (s *Stream) Write(data []byte) {
	if len(data) == 0 {
		return
	}
	o := s.output()
	if s.seal != nil {
		o.reserve(&s.l.Pool, s.seal.sealedSize(len(data)))
		o.b = s.seal.write(o.b, data)
		return
	}
	if o.behind.size > 0 {
		o.behind.write(data)
		return
	}
	if cap(o.b)-len(o.b) < len(data) { // which usually saves a call
		o.reserve(&s.l.Pool, len(data))
	}
	o.b = append(o.b, data...)
}

// WriteLarge sends the bytes that were written before, and then data, without copying data. Bytes that the socket does
// not accept are copied, for Flush. Small data is only written. WriteLarge must not be called on a stream that is
// still connecting.
func (s *Stream) WriteLarge(data []byte) error {
	if s.seal != nil {
		return s.sealLarge(data)
	}
	if s.watch&Writable != 0 || len(data) < LargeWrite || s.out != nil && s.out.behind.size > 0 {
		s.Write(data)
		return nil
	}
	o := s.output()
	n, err := Send2(s.FD(), o.b[o.off:], data)
	if err != nil && !Again(err) {
		return err
	}
	if pending := len(o.b) - o.off; n < pending {
		o.off += n
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
	if err := s.sealOpen(); err != nil {
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
		o := s.output()
		o.reserve(&s.l.Pool, room)
		var err error
		if o.b, err = s.seal.add(o.b, data[:n]); err != nil {
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
		if err := s.sealOpen(); err != nil {
			return err
		}
		if s.seal.isLoose() {
			o := s.output()
			o.reserve(&s.l.Pool, s.seal.sealedSize(1))
			o.b = s.seal.nudge(o.b)
		}
	}
	return s.push()
}

// sealOpen seals the record that is open.
func (s *Stream) sealOpen() (err error) {
	o := s.output()
	o.b, err = s.seal.end(o.b)
	return err
}

// push is Flush for what is sealed already, or is not sealed.
func (s *Stream) push() error {
	for o := s.out; o != nil && o.unsent() > 0; {
		n, err := o.send(s.FD())
		if err != nil {
			if Again(err) {
				s.want(s.watch | Writable)
				return nil
			}
			return err
		}
		first := min(n, len(o.b)-o.off)
		o.off += first
		o.behind.sent(n - first)
	}
	s.dropOut()
	s.want(s.watch &^ Writable)
	return nil
}

// Unsent returns the number of bytes that are written but not sent, as they will be sent.
func (s *Stream) Unsent() int {
	if s.out == nil {
		return 0
	}
	n := s.out.unsent()
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
		s.l.Watch(s.FD(), ev)
	}
}

// IsEOF reports whether an error of Read is the regular end of the stream.
func IsEOF(err error) bool { return errors.Is(err, io.EOF) }
