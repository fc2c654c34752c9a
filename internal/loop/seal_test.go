package loop

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"

	"golang.org/x/sys/unix"
)

// seals returns the two ends of a sealed connection.
func seals() (a, b *Seal) {
	one, two := pattern(SealKeySize, 1), pattern(SealKeySize, 2)
	return NewSeal(one, two), NewSeal(two, one)
}

// openSealed returns a sealed stream on l, the other end of its socket, and what seals and opens there.
func openSealed(t fatal, l *Loop) (s *Stream, peer int, far *Seal) {
	t.Helper()
	s = &Stream{}
	near, far := seals()
	fd, peer := pair(t)
	if err := s.OpenSealed(l, fd, near, Readable, handlerFunc(func(Events) {})); err != nil {
		t.Fatal(err)
	}
	return s, peer, far
}

// records seals each message as a record of its own.
func records(t fatal, k *Seal, messages ...[]byte) (all [][]byte) {
	t.Helper()
	for _, m := range messages {
		r, err := k.add(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// unseal opens all of wire, which has whole records only.
func unseal(t fatal, k *Seal, wire []byte) []byte {
	t.Helper()
	b := make([]byte, len(wire))
	n, rest, err := k.open(b, wire)
	if err != nil || len(rest) > 0 {
		t.Fatalf("%d bytes are left: %v", len(rest), err)
	}
	return b[:n]
}

// readAll reads until there is nothing more, or an error. It keeps everything, as one incomplete message.
func readAll(s *Stream) (data []byte, err error) {
	for {
		data, err := s.Read(0)
		if err != nil || len(data) == 0 {
			return bytes.Clone(s.Tail()), err
		}
		s.Keep(data)
	}
}

// receiveIn sends parts to a new sealed stream, which reads after each, and then closes the other end. It returns what
// was read, and the error at the end.
func receiveIn(t fatal, l *Loop, parts ...[]byte) (data []byte, err error) {
	t.Helper()
	s, peer, _ := openSealed(t, l)
	defer l.endTurn(0)
	defer s.Close()
	defer unix.Close(peer)
	for i := 0; i < len(parts) && err == nil; i++ {
		put(t, peer, parts[i])
		data, err = readAll(s)
	}
	if err := unix.Shutdown(peer, unix.SHUT_WR); err != nil {
		t.Fatal(err)
	}
	if err == nil {
		data, err = readAll(s)
	}
	if err == nil {
		t.Fatal("the end is not noticed")
	}
	if _, again := s.Read(0); !errors.Is(again, err) {
		t.Fatalf("first %v, and then %v", err, again)
	}
	return data, err
}

var sealedMessages = [][]byte{[]byte("get a\r\n"), []byte("x"), pattern(300, 3), []byte("the end")}

// Records arrive whole wherever they are split, once or twice.
func TestSealSplits(t *testing.T) {
	l := idle(t)
	_, far := seals()
	wire := bytes.Join(records(t, far, sealedMessages...), nil)
	want := bytes.Join(sealedMessages, nil)
	for i := range len(wire) + 1 {
		for _, parts := range [][][]byte{
			{wire[:i], wire[i:]},
			{wire[:i/2], wire[i/2 : i], wire[i:]},
			{wire[:i], wire[i:min(i+1, len(wire))], wire[min(i+1, len(wire)):]},
		} {
			data, err := receiveIn(t, l, parts...)
			if d := differ(data, want); d != "" || !IsEOF(err) {
				t.Fatalf("split at %d: %s, %v", i, d, err)
			}
		}
	}
}

// The end of the connection between two records is the end of the stream; within one it is an error.
func TestSealTruncated(t *testing.T) {
	l := idle(t)
	_, far := seals()
	all := records(t, far, sealedMessages...)
	wire := bytes.Join(all, nil)
	ends := map[int][]byte{0: nil}
	size, text := 0, []byte(nil)
	for i, r := range all {
		size, text = size+len(r), append(text, sealedMessages[i]...)
		ends[size] = bytes.Clone(text)
	}
	for i := range len(wire) + 1 {
		data, err := receiveIn(t, l, wire[:i])
		want, whole := ends[i]
		switch {
		case whole && (!IsEOF(err) || !bytes.Equal(data, want)):
			t.Errorf("after %d bytes: %q, %v", i, data, err)
		case !whole && (!errors.Is(err, io.ErrUnexpectedEOF) || IsEOF(err)):
			t.Errorf("within a record, after %d bytes: %v", i, err)
		}
	}
}

// No bit can be changed unnoticed, and nothing of the record is passed on.
func TestSealFlippedBits(t *testing.T) {
	l := idle(t)
	_, far := seals()
	all := records(t, far, sealedMessages...)
	wire := bytes.Join(all, nil)
	for bit := range 8 * len(wire) {
		changed := bytes.Clone(wire)
		changed[bit/8] ^= 1 << (bit % 8)
		before, text := 0, []byte(nil) // the records in front of it
		for i, r := range all {
			if before += len(r); before > bit/8 {
				break
			}
			text = append(text, sealedMessages[i]...)
		}
		data, err := receiveIn(t, l, changed)
		if !errors.Is(err, ErrSeal) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("bit %d: %v", bit, err)
		}
		if !bytes.HasPrefix(text, data) {
			t.Errorf("bit %d: %q is read", bit, data)
		}
	}
}

// Records that are sent again, elsewhere, or not at all are found, and those of the other direction, or other keys.
func TestSealOrder(t *testing.T) {
	l := idle(t)
	near, far := seals()
	all := records(t, far, sealedMessages...)
	mine := records(t, near, []byte("mine"))
	other := records(t, NewSeal(pattern(SealKeySize, 3), pattern(SealKeySize, 1)), []byte("other"))
	for name, wire := range map[string][][]byte{
		"replayed at once":      {all[0], all[0]},
		"replayed later":        {all[0], all[1], all[0]},
		"reordered":             {all[1], all[0]},
		"left out":              {all[0], all[2]},
		"the first left out":    {all[1]},
		"reflected":             {mine[0]},
		"sealed by another key": {other[0]},
	} {
		for _, split := range []bool{false, true} {
			parts := wire
			if !split {
				parts = [][]byte{bytes.Join(wire, nil)}
			}
			data, err := receiveIn(t, l, parts...)
			if !errors.Is(err, ErrSeal) || !bytes.HasPrefix(bytes.Join(sealedMessages, nil), data) {
				t.Errorf("%s: %q, %v", name, data, err)
			}
		}
	}
}

// A false length is an error at once.
func TestSealLengths(t *testing.T) {
	l := idle(t)
	for _, n := range []uint32{0, maxSealed + 1, 1 << 31, math.MaxUint32} {
		s, peer, _ := openSealed(t, l)
		put(t, peer, binary.BigEndian.AppendUint32(nil, n))
		if _, err := s.Read(0); !errors.Is(err, ErrSeal) {
			t.Errorf("length %d: %v", n, err)
		}
		s.Close()
		unix.Close(peer)
	}
}

// No nonce is used twice: before that the stream ends, on either side.
func TestSealCounter(t *testing.T) {
	l := idle(t)
	s, peer, far := openSealed(t, l)
	defer unix.Close(peer)
	s.seal.send.count, far.receive.count = math.MaxUint64-1, math.MaxUint64-1
	s.Write([]byte("last"))
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := unseal(t, far, drainPeer(t, peer, 100)); string(got) != "last" {
		t.Errorf("%q", got)
	}
	for range 2 {
		s.Write([]byte("more"))
		if err := s.Flush(); !errors.Is(err, errSpent) {
			t.Errorf("Flush: %v", err)
		}
		if err := s.WriteLarge(make([]byte, 2*maxSealed)); !errors.Is(err, errSpent) {
			t.Errorf("WriteLarge: %v", err)
		}
		s.Write(make([]byte, 2*maxSealed))
	}
	if n, err := Recv(peer, make([]byte, 100)); !Again(err) {
		t.Errorf("%d bytes are sent: %v", n, err)
	}

	s.seal.receive.count, far.send.count = math.MaxUint64-1, math.MaxUint64-1
	all := records(t, far, []byte("last"))
	put(t, peer, all[0])
	if data, err := s.Read(0); err != nil || string(data) != "last" {
		t.Errorf("%q, %v", data, err)
	}
	s.Keep(nil)
	put(t, peer, all[0])
	if _, err := s.Read(0); !errors.Is(err, errSpent) {
		t.Errorf("Read: %v", err)
	}
}

// What one turn writes is one record, unless it is too long for one.
func TestSealFewRecords(t *testing.T) {
	l := idle(t)
	s, peer, far := openSealed(t, l)
	defer unix.Close(peer)
	for _, c := range []struct{ writes, size, records int }{
		{1, 1, 1},
		{16, 100, 1},
		{1, maxSealed, 1},
		{1, maxSealed + 1, 2},
		{maxSealed / 4, 4, 1},
		{3, 50_000, 3},
	} {
		var want []byte
		for i := range c.writes {
			data := pattern(c.size, i)
			want = append(want, data...)
			s.Write(data)
		}
		unsent := s.Unsent()
		if err := s.Flush(); err != nil || s.out != nil || s.Unsent() != 0 {
			t.Fatalf("%+v: %v, %d unsent", c, err, s.Unsent())
		}
		wire := drainPeer(t, peer, 1<<20)
		if d := differ(unseal(t, far, wire), want); d != "" {
			t.Errorf("%+v: %s", c, d)
		}
		if n := len(want) + c.records*sealOverhead; len(wire) != n || unsent != n {
			t.Errorf("%+v: %d bytes are sent and %d were unsent, want %d", c, len(wire), unsent, n)
		}
		if n := l.Pool.Dropped(); n > 0 {
			t.Errorf("%+v: a buffer of %d bytes does not come from the pool", c, n)
		}
	}
}

func TestSealKeys(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a short key is taken")
		}
	}()
	NewSeal(make([]byte, 16), make([]byte, SealKeySize))
}

// Whatever is done to a sealed stream, in whatever parts it comes: what is read is a beginning of what was sealed.
func FuzzSealOpen(f *testing.F) {
	near, far := seals()
	for _, k := range []*Seal{near, far} {
		f.Add(bytes.Join(records(f, k, sealedMessages...), nil), uint16(3), uint16(0), byte(0))
		f.Add(bytes.Join(records(f, k, []byte("x"), make([]byte, maxSealed)), nil), uint16(30000), uint16(7), byte(1))
	}
	f.Add([]byte{0, 0, 0, 0}, uint16(1), uint16(0), byte(0))
	f.Add([]byte{0, 0, 255, 236, 1, 2}, uint16(2), uint16(5), byte(0x80))
	l := idle(f)
	f.Fuzz(func(t *testing.T, strange []byte, cut, at uint16, flip byte) {
		_, far := seals()
		all := records(t, far, sealedMessages...)
		wire, text := bytes.Join(all, nil), bytes.Join(sealedMessages, nil)
		changed := append(bytes.Clone(wire[:int(at)%len(wire)]), strange[:min(len(strange), 2*maxRecord)]...)
		if len(changed) > 0 {
			changed[int(at)%len(changed)] ^= flip
		}
		n := int(cut) % (len(changed) + 1)
		data, err := receiveIn(t, l, changed[:n], changed[n:])
		if !bytes.HasPrefix(text, data) {
			t.Fatalf("read %q", data)
		}
		if IsEOF(err) && !bytes.HasPrefix(wire, changed) {
			t.Fatal("a change is not noticed")
		}
	})
}
