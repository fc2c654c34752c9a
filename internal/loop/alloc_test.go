//go:build !race

package loop

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestTimersAllocateNothing(t *testing.T) {
	var l Loop
	timer := NewTimer(func() {})
	l.Set(timer, 1)
	if n := testing.AllocsPerRun(100, func() {
		l.Set(timer, 1)
		l.now += 2
		l.timers.fire(l.now)
		l.Set(timer, 1)
		l.Unset(timer)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestPostAllocatesNothing(t *testing.T) {
	l := idle(t)
	task := TaskFunc(func() {})
	if n := testing.AllocsPerRun(1000, func() {
		l.Post(task)
		l.mail.deliver()
		l.SendTo(l, task)
		l.endTurn(0)
		l.mail.deliver()
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// To receive a message and send it back allocates nothing.
func TestStreamAllocatesNothing(t *testing.T) {
	l := idle(t)
	s, peer := openStream(t, l)
	message, back := pattern(100, 1), make([]byte, 2*LargeWrite)
	large := pattern(LargeWrite, 2)
	if n := testing.AllocsPerRun(100, func() {
		_, _ = Send(peer, message)
		data, _ := s.Read(0)
		s.Keep(data[50:])
		_, _ = Send(peer, message)
		data, _ = s.Read(0)
		s.Write(data)
		s.Keep(nil)
		_ = s.WriteLarge(large)
		_ = s.Flush()
		_, _ = Recv(peer, back)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// Neither does it if both ends are sealed, with messages that arrive in part and large ones.
func TestSealedStreamAllocatesNothing(t *testing.T) {
	l := idle(t)
	fd, peer := pair(t)
	near, far := seals()
	var a, b Stream
	h := handlerFunc(func(Events) {})
	if a.OpenSealed(l, fd, near, Readable, h) != nil || b.OpenSealed(l, peer, far, Readable, h) != nil {
		t.Fatal("cannot open")
	}
	small, large := pattern(100, 1), pattern(maxRecord, 2)
	wire := make([]byte, 2*maxRecord)
	if n := testing.AllocsPerRun(100, func() {
		for range 16 {
			a.Write(small)
		}
		_ = a.WriteLarge(large)
		_ = a.Flush()
		data, err := b.Read(0)
		if len(data) != 16*len(small)+len(large) || err != nil {
			t.Fatalf("%d bytes, %v", len(data), err)
		}
		b.Keep(data[50:])
		b.Keep(nil)

		b.Write(large[:30_000])
		b.Write(small)
		wire, _ = b.seal.end(append(wire[:0], b.out.b...))
		b.dropOut()
		_, _ = Send(peer, wire[:20_000])
		if data, err = a.Read(0); len(data) > 0 || err != nil {
			t.Fatalf("%d bytes of an incomplete record, %v", len(data), err)
		}
		_, _ = Send(peer, wire[20_000:])
		if data, _ = a.Read(0); len(data) != 30_100 {
			t.Fatalf("%d bytes", len(data))
		}
		a.Keep(nil)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// A client that connects leaves no garbage, which would make the heap of a magent with many clients grow.
func TestAcceptAllocatesNothing(t *testing.T) {
	const clients = 10
	e := Endpoint{Path: filepath.Join(t.TempDir(), "s")}
	ln, err := Listen(e, ListenOptions{Backlog: 2 * clients})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ln)
	for range clients + 1 { // AllocsPerRun calls its function once more
		c, err := Dial(e)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(c)
	}
	if n := testing.AllocsPerRun(clients, func() {
		c, err := Accept(ln)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(c)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
