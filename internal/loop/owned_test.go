package loop

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"
)

// What was disowned stays as it is when more is read, until its owner is released: then the buffer is used again.
// Small messages cannot be disowned: their buffers are used again at once.
func TestStreamDisown(t *testing.T) {
	l := idle(t)
	s, peer := openStream(t, l)
	receive := func(n, kept int) []byte { // n bytes, of which some were kept
		t.Helper()
		sent := pattern(n-kept, n-kept)
		for {
			k, err := unix.Write(peer, sent)
			if err != nil && !Again(err) {
				t.Fatal(err)
			}
			sent = sent[max(k, 0):]
			data, err := s.Read(n)
			if err != nil {
				t.Fatal(err)
			}
			if len(data) >= n {
				return data
			}
			if data != nil {
				s.Keep(data)
			}
		}
	}
	if receive(1000, 0); s.Disown() != nil {
		t.Error("a small message was disowned")
	}
	s.Keep(nil)
	const size, rest = 5 << 20, 200 << 10
	data := receive(size, 0)
	owner := s.Disown()
	if owner == nil {
		t.Fatal("a large message cannot be disowned")
	}
	if s.Disown() != owner {
		t.Error("the same bytes have two owners")
	}
	owner.Hold()
	s.Keep(data[size-rest:])
	if got := s.Tail(); !bytes.Equal(got, pattern(size, size)[size-rest:]) {
		t.Errorf("the rest is %d bytes, and not what was kept", len(got))
	}
	s.Keep(s.Tail())
	receive(size, rest)
	s.Keep(nil)
	if d := differ(data, pattern(size, size)); d != "" {
		t.Error(d)
	}
	whole := cap(data)
	owner.Release()
	if b := l.Pool.Get(whole); !same(b, data) {
		t.Error("the buffer is not used again")
	}
}

// disowned returns a large buffer with bytes, and its owner, which is held once.
func disowned(l *Loop, n, seed int) Piece {
	b := append(l.Pool.Get(n), pattern(n, seed)...)
	return Piece{b, l.Pool.share(b)}
}

// isFree reports whether the pool has the buffer of a piece.
func isFree(l *Loop, p Piece) bool {
	for _, b := range l.Pool.large.free {
		if same(b, p.Data) {
			return true
		}
	}
	return false
}

// A buffer that several streams write is free when the last one has sent its part, or was closed, and not before.
func TestOwnedUntilSent(t *testing.T) {
	l := idle(t)
	const size = 3 << 20
	for _, end := range []func(s *Stream){
		func(s *Stream) { s.Close() },
		func(s *Stream) { s.Detach() },
		func(s *Stream) {
			if err := s.HandOver(&Stream{}, handlerFunc(func(Events) {})); err != nil {
				t.Error(err)
			}
		},
	} {
		a, peer := openStream(t, l)
		b, _ := openStream(t, l)
		p := disowned(l, size, 1)
		for _, s := range []*Stream{a, b} {
			if err := s.WriteOwned(Piece{p.Data[:size/2], p.Owner}); err != nil {
				t.Fatal(err)
			}
			s.Write([]byte("behind"))
			if err := s.WriteOwned(Piece{p.Data[size/2:], p.Owner}); err != nil {
				t.Fatal(err)
			}
		}
		p.Release()
		want := append(append(bytes.Clone(p.Data[:size/2]), "behind"...), p.Data[size/2:]...)
		var got []byte
		for len(got) < len(want) {
			if a.Unsent() > 0 && isFree(l, p) {
				t.Fatal("it is free, but not sent")
			}
			if err := a.Flush(); err != nil {
				t.Fatal(err)
			}
			got = append(got, drainPeer(t, peer, len(want)-len(got))...)
		}
		if d := differ(got, want); d != "" {
			t.Error(d)
		}
		if isFree(l, p) {
			t.Error("it is free, but the other stream has it")
		}
		if end(b); !isFree(l, p) {
			t.Error("it is not free, but nobody has it")
		}
		l.Pool.Get(size)
	}
}

// A connection may end while what it has received is being handled. Others may have it longer.
func TestDisownedAndClosed(t *testing.T) {
	l := idle(t)
	s, _ := openStream(t, l)
	s.hold(append(l.Pool.Get(3<<20), pattern(3<<20, 1)...), 0)
	p := Piece{s.Tail(), s.Disown()}
	p.Hold()
	if s.Close(); isFree(l, p) {
		t.Error("it is free, but somebody has it")
	}
	if p.Release(); !isFree(l, p) {
		t.Error("it is not free")
	}
	for name, misuse := range map[string]func(){"Hold": p.Hold, "Release": p.Release} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s of a free buffer does not panic", name)
				}
			}()
			misuse()
		}()
	}
}
