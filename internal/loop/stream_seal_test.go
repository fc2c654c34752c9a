package loop

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"magent/internal/testkit"
)

// Messages of all sizes arrive unchanged, whatever the records, and wherever these are split. An idle stream holds no
// buffer.
func TestSealedStreamReadsWhatWasSent(t *testing.T) {
	l := idle(t)
	rapid.Check(t, func(rt *rapid.T) {
		s, peer, far := openSealed(rt, l)
		defer l.endTurn(0)
		defer s.Close()
		defer unix.Close(peer)
		size := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(largeTail-8, largeTail+8),
			rapid.IntRange(0, ReadBufferSize+ReadBufferSize/2))
		var text, wire []byte
		var want, got [][]byte
		for i := range rapid.IntRange(1, 4).Draw(rt, "messages") {
			want = append(want, pattern(size.Draw(rt, "size"), i))
			text = append(text, frame(want[i])...)
		}
		for len(text) > 0 {
			n := min(len(text), rapid.OneOf(rapid.IntRange(1, 9), rapid.IntRange(1, maxSealed),
				rapid.Just(maxSealed)).Draw(rt, "record"))
			wire = append(wire, records(rt, far, text[:n])[0]...)
			text = text[n:]
		}
		need := 0
		for len(wire) > 0 {
			cut := min(len(wire), rapid.OneOf(rapid.IntRange(1, 9), rapid.IntRange(1000, 200_000)).Draw(rt, "cut"))
			put(rt, peer, wire[:cut])
			wire = wire[cut:]
			for left := 1; left > 0; left, _ = unix.IoctlGetInt(s.FD(), unix.SIOCINQ) {
				before := len(s.Tail())
				data, err := s.Read(need)
				if err != nil {
					rt.Fatal(err)
				}
				if n := len(data) - before; n > maxRead+maxRecord {
					rt.Fatalf("%d bytes at once", n)
				}
				if len(data) == 0 {
					continue
				}
				var rest []byte
				rest, need = frames(data, func(m []byte) { got = append(got, bytes.Clone(m)) })
				s.Keep(rest)
				if !bytes.Equal(s.Tail(), rest) {
					rt.Fatalf("kept %d bytes, want %d", len(s.Tail()), len(rest))
				}
			}
		}
		if len(got) != len(want) {
			rt.Fatalf("%d messages, want %d", len(got), len(want))
		}
		for i := range want {
			if d := differ(got[i], want[i]); d != "" {
				rt.Fatalf("message %d: %s", i, d)
			}
		}
		if s.in != nil || s.seal.part != nil {
			rt.Fatal("an idle stream holds a buffer")
		}
	})
}

// Whatever the order of Write, WriteLarge and Flush, and whenever the peer reads, all bytes arrive once and in order.
func TestSealedStreamWritesInOrder(t *testing.T) {
	l := idle(t)
	rapid.Check(t, func(rt *rapid.T) {
		s, peer, far := openSealed(rt, l)
		defer l.endTurn(0)
		defer s.Close()
		defer unix.Close(peer)
		narrow(rt, s.FD())
		var want, wire []byte
		for step := range rapid.IntRange(1, 40).Draw(rt, "steps") {
			var err error
			switch do := rapid.SampledFrom([]string{"write", "large", "flush", "read"}).Draw(rt, "do"); do {
			case "write":
				size := rapid.OneOf(rapid.IntRange(0, 3000), rapid.IntRange(0, 3*maxSealed))
				data := pattern(size.Draw(rt, "size"), step)
				want = append(want, data...)
				s.Write(data)
				clear(data) // borrowed for the call only
			case "large":
				data := pattern(rapid.IntRange(LargeWrite-2, 8*maxRecord).Draw(rt, "size"), step)
				want = append(want, data...)
				before := bytes.Clone(data)
				if err = s.WriteLarge(data); !bytes.Equal(data, before) {
					rt.Fatal("WriteLarge changes what it was lent")
				}
				clear(data)
			case "flush":
				err = s.Flush()
			case "read":
				wire = append(wire, drainPeer(rt, peer, rapid.IntRange(1, 100_000).Draw(rt, "size"))...)
			}
			if err != nil {
				rt.Fatal(err)
			}
		}
		for s.Unsent() > 0 {
			unsent := s.Unsent()
			if err := s.Flush(); err != nil {
				rt.Fatal(err)
			}
			if s.Unsent() > unsent {
				rt.Fatalf("%d bytes are unsent, and then %d", unsent, s.Unsent())
			}
			wire = append(wire, drainPeer(rt, peer, 1<<20)...)
		}
		wire = append(wire, drainPeer(rt, peer, 1<<20)...)
		if d := differ(unseal(rt, far, wire), want); d != "" {
			rt.Fatal(d)
		}
		if s.Blocked() || s.out != nil {
			rt.Fatal("all is sent, but the socket is still watched or the buffer held")
		}
	})
}

// However much has arrived, one read takes only a part of it, and no more than without a seal.
func TestSealedStreamReadsInParts(t *testing.T) {
	l := idle(t)
	s, peer, far := openSealed(t, l)
	defer unix.Close(peer)
	const announced, first = 1 << 20, smallTail
	put(t, peer, records(t, far, pattern(first, 5))[0])
	data, err := s.Read(announced)
	if err != nil {
		t.Fatal(err)
	}
	s.Keep(data)
	want := pattern(first, 5)
	for i, n := range []int{maxSealed, maxSealed, 1, maxSealed, 10_000} {
		m := pattern(n, i)
		want = append(want, m...)
		put(t, peer, records(t, far, m)[0])
	}
	for len(s.Tail()) < len(want) {
		before := len(s.Tail())
		data, err := s.Read(announced)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > 0 {
			s.Keep(data)
		}
		if n := len(s.Tail()) - before; n > maxRead {
			t.Fatalf("one read took %d bytes", n)
		}
		if limit := 2*(len(s.Tail())+stride) + maxRecord; s.Kept() > limit {
			t.Fatalf("%d bytes kept in a buffer of %d", len(s.Tail()), s.Kept())
		}
	}
	if d := differ(s.Tail(), want); d != "" {
		t.Error(d)
	}
}

// A part of a record outlives HandOver, for what follows could not be read without it.
func TestSealedStreamHandOver(t *testing.T) {
	l := idle(t)
	s, peer, far := openSealed(t, l)
	defer unix.Close(peer)
	all := records(t, far, []byte("kept"), []byte("second"), []byte("third"))
	put(t, peer, append(bytes.Clone(all[0]), all[1][:9]...))
	data, err := s.Read(0)
	if err != nil || string(data) != "kept" {
		t.Fatalf("%q, %v", data, err)
	}
	s.Keep(data)
	s.Write([]byte("dropped"))
	var to Stream
	if err := s.HandOver(&to, handlerFunc(func(Events) {})); err != nil {
		t.Fatal(err)
	}
	put(t, peer, append(bytes.Clone(all[1][9:]), all[2]...))
	if data, err := to.Read(0); err != nil || string(data) != "secondthird" {
		t.Errorf("%q, %v", data, err)
	}
	to.Keep(nil)
	if n, err := Recv(peer, make([]byte, 100)); n > 0 || err != nil {
		t.Errorf("%d bytes are sent, %v", n, err)
	}
	if to.Unsent() != 0 {
		t.Errorf("%d bytes unsent", to.Unsent())
	}
	to.Close()
}

// After Detach a sealed stream is still read, and its unsent bytes are gone.
func TestSealedStreamDetach(t *testing.T) {
	l := idle(t)
	s, peer, far := openSealed(t, l)
	defer unix.Close(peer)
	s.Write([]byte("dropped"))
	s.Detach()
	if s.Unsent() != 0 || s.out != nil {
		t.Errorf("%d bytes unsent", s.Unsent())
	}
	put(t, peer, records(t, far, []byte("still read"))[0])
	if data, err := s.Read(0); err != nil || string(data) != "still read" {
		t.Errorf("%q, %v", data, err)
	}
	s.Keep(nil)
	s.Write([]byte("x")) // of this no record is left either that would be sealed wrongly
	if s.Unsent() != sealOverhead+1 {
		t.Errorf("%d bytes unsent", s.Unsent())
	}
}

// Close gives all buffers back, those of incomplete records, too.
func TestSealedStreamCloses(t *testing.T) {
	l := idle(t)
	s, peer, far := openSealed(t, l)
	defer unix.Close(peer)
	whole := records(t, far, pattern(20_000, 1), pattern(50_000, 2))
	put(t, peer, append(bytes.Clone(whole[0]), whole[1][:100]...))
	data, err := s.Read(0)
	if err != nil || len(data) != 20_000 {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	s.Keep(data)
	s.Write([]byte("x"))
	held := s.Kept() + cap(s.out.b) + cap(s.seal.part)
	if cap(s.seal.part) != 1<<16 {
		t.Errorf("the part of a record is in a buffer of %d bytes", cap(s.seal.part))
	}
	free := l.Pool.kept
	s.Close()
	if got := l.Pool.kept - free; got != held {
		t.Errorf("%d bytes come back of %d", got, held)
	}
}

// Two sealed streams on a running loop have a conversation of large values, in both directions at once, through
// sockets that take little at a time.
func TestSealedStreamsTalk(t *testing.T) {
	l := running(t)
	a, b := pair(t)
	narrow(t, a)
	narrow(t, b)
	near, far := seals()
	const size, replies = 3 << 20, 2
	type end struct {
		Stream
		got  []byte
		done chan error
	}
	ends := [2]*end{{done: make(chan error, 1)}, {done: make(chan error, 1)}}
	serve := func(e *end, ev Events) error {
		if ev&Writable != 0 {
			if err := e.Flush(); err != nil {
				return err
			}
		}
		data, err := e.Read(0)
		if err != nil || len(data) == 0 {
			return err
		}
		e.got = append(e.got, data...)
		e.Keep(nil)
		if len(e.got) == replies*size {
			e.done <- nil
		}
		return nil
	}
	on(t, l, func() {
		for i, e := range ends {
			h := handlerFunc(func(ev Events) {
				if err := serve(e, ev); err != nil {
					e.done <- err
					e.Reading(false)
				}
			})
			if err := e.OpenSealed(l, []int{a, b}[i], []*Seal{near, far}[i], Readable, h); err != nil {
				e.done <- err
			}
		}
		for _, e := range ends {
			for i := range replies {
				if err := e.WriteLarge(pattern(size, i)); err != nil {
					e.done <- err
				}
			}
		}
	})
	want := append(pattern(size, 0), pattern(size, 1)...)
	for _, e := range ends {
		if err := testkit.Await(t, "a conversation", e.done); err != nil {
			t.Fatal(err)
		}
	}
	on(t, l, func() {
		for _, e := range ends {
			if d := differ(e.got, want); d != "" {
				t.Error(d)
			}
			e.Close()
		}
	})
}

func TestRecv2(t *testing.T) {
	a, b := pair(t)
	defer unix.Close(a)
	defer unix.Close(b)
	for _, c := range []struct{ first, second int }{{3, 10}, {0, 10}, {9, 0}, {1, 1}} {
		one, two := make([]byte, c.first), make([]byte, c.second)
		put(t, b, []byte("head body"))
		n, err := Recv2(a, one, two)
		if got := string(append(one, two...)[:n]); err != nil || got != "head body"[:min(9, c.first+c.second)] {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
		drainPeer(t, a, 100)
	}
}
