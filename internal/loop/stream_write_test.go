package loop

import (
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"magent/internal/testkit"
)

// narrow makes a socket accept few bytes at a time.
func narrow(t fatal, fd int) {
	t.Helper()
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 4096); err != nil {
		t.Fatal(err)
	}
}

// drainPeer reads at most n bytes, without waiting.
func drainPeer(t fatal, peer, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	n, err := Recv(peer, b)
	if err != nil && !Again(err) {
		t.Fatal(err)
	}
	return b[:n]
}

// Whatever the order of Write, WriteLarge and Flush, and whenever the peer reads, all bytes arrive once and in order.
func TestStreamWritesInOrder(t *testing.T) {
	l := idle(t)
	rapid.Check(t, func(rt *rapid.T) {
		s, peer := openStream(t, l)
		defer s.Close()
		narrow(rt, s.FD())
		var want, got []byte
		for step := range rapid.IntRange(1, 40).Draw(rt, "steps") {
			var err error
			switch do := rapid.SampledFrom([]string{"write", "large", "owned", "flush", "read"}).Draw(rt, "do"); do {
			case "write":
				data := pattern(rapid.IntRange(0, 3000).Draw(rt, "size"), step)
				want = append(want, data...)
				s.Write(data)
				clear(data) // borrowed for the call only
			case "large":
				data := pattern(rapid.IntRange(LargeWrite-2, 8*LargeWrite).Draw(rt, "size"), step)
				want = append(want, data...)
				err = s.WriteLarge(data)
				clear(data)
			case "owned":
				data := pattern(rapid.IntRange(LargeWrite-2, 8*LargeWrite).Draw(rt, "size"), step)
				want = append(want, data...)
				err = s.WriteOwned(Piece{Data: data})
			case "flush":
				err = s.Flush()
			case "read":
				got = append(got, drainPeer(rt, peer, rapid.IntRange(1, 100_000).Draw(rt, "size"))...)
			}
			if err != nil {
				rt.Fatal(err)
			}
		}
		for len(got) < len(want) {
			before := len(got)
			if err := s.Flush(); err != nil {
				rt.Fatal(err)
			}
			if got = append(got, drainPeer(rt, peer, 1<<20)...); len(got) == before {
				break
			}
		}
		if d := differ(got, want); d != "" {
			rt.Fatal(d)
		}
		if err := s.Flush(); err != nil || s.Unsent() != 0 || s.Blocked() || s.out != nil {
			rt.Fatalf("everything has arrived, but: %v, %d unsent, blocked: %v, buffer held: %v", err, s.Unsent(),
				s.Blocked(), s.out != nil)
		}
	})
}

// If the peer reads nothing, WriteLarge copies the rest, and Blocked returns true.
func TestStreamWriteLargeBlocks(t *testing.T) {
	l := idle(t)
	s, peer := openStream(t, l)
	narrow(t, s.FD())
	var want []byte
	for i := range 4 {
		head, body := pattern(20, i), pattern(64<<10, 100+i)
		want = append(append(want, head...), body...)
		s.Write(head)
		if err := s.WriteLarge(body); err != nil {
			t.Fatal(err)
		}
	}
	if !s.Blocked() || s.Unsent() == 0 || s.Unsent() >= len(want) {
		t.Fatalf("blocked: %v, %d of %d bytes unsent", s.Blocked(), s.Unsent(), len(want))
	}
	var got []byte
	for len(got) < len(want) {
		got = append(got, drainPeer(t, peer, 1000)...)
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if d := differ(got, want); d != "" {
		t.Error(d)
	}
	if s.Blocked() || s.out != nil {
		t.Error("all is sent, but the socket is still watched or the buffer held")
	}
}

// On a running loop, with a reader that is slower than the writer, the loop's events make sure that all bytes are
// sent.
func TestStreamFlushesWhenWritable(t *testing.T) {
	l := running(t)
	fd, peer := pair(t)
	defer unix.Close(peer)
	narrow(t, fd)
	want := pattern(1<<20, 7)
	var s Stream
	failed := make(chan error, 1)
	flush := handlerFunc(func(Events) {
		if err := s.Flush(); err != nil {
			failed <- err
		}
	})
	on(t, l, func() {
		if err := s.Open(l, fd, Readable, flush); err != nil {
			failed <- err
		} else if err := s.WriteLarge(want); err != nil {
			failed <- err
		}
	})
	got := make([]byte, 0, len(want))
	for len(got) < len(want) {
		testkit.AwaitReadable(t, fmt.Sprintf("more than %d bytes", len(got)), peer)
		got = append(got, drainPeer(t, peer, 3000)...)
	}
	if d := differ(got, want); d != "" {
		t.Error(d)
	}
	select {
	case err := <-failed:
		t.Error(err)
	default:
	}
	on(t, l, func() { s.Close() })
}

func TestStreamToADeadPeer(t *testing.T) {
	l := idle(t)
	s, peer := openStream(t, l)
	_ = unix.Shutdown(peer, unix.SHUT_RDWR)
	s.Write([]byte("x"))
	if err := s.Flush(); !errors.Is(err, unix.EPIPE) {
		t.Errorf("Flush: %v, want EPIPE", err)
	}
	if err := s.WriteLarge(make([]byte, LargeWrite)); !errors.Is(err, unix.EPIPE) {
		t.Errorf("WriteLarge: %v, want EPIPE", err)
	}
}

func TestStreamReadingOnAndOff(t *testing.T) {
	l := running(t)
	fd, peer := pair(t)
	defer unix.Close(peer)
	var s Stream
	read := make(chan string, 10)
	on(t, l, func() {
		_ = s.Open(l, fd, Readable, handlerFunc(func(Events) {
			data, _ := s.Read(0)
			s.Keep(nil)
			read <- string(data)
		}))
		s.Reading(false)
	})
	put(t, peer, []byte("later"))
	on(t, l, func() {})
	on(t, l, func() {})
	if len(read) > 0 {
		t.Error("read while reading was off")
	}
	on(t, l, func() { s.Reading(true) })
	if got := testkit.Await(t, "read", read); got != "later" {
		t.Errorf("read %q", got)
	}
	on(t, l, func() { s.Close() })
}
