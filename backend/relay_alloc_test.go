//go:build !race

package backend

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/ascii"
	"magent/internal/loop"
)

// A request to an owner costs no allocation, from Send to its reply.
func TestRelayAllocatesNothing(t *testing.T) {
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Discard()
	c := NewConn(l, Options{
		MaxPending: 100, MaxUnsent: 1 << 20, Timeout: 1 << 40, MaxValue: 1 << 20,
		Relay: &Relay{Clock: func() time.Duration { return time.Hour }},
	}, nil)
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[1])
	if err := c.s.Open(l, fds[0], loop.Readable, c); err != nil {
		t.Fatal(err)
	}
	c.state = ready
	set, stored, in := []byte("set a 0 0 1\r\n1\r\n"), []byte("STORED\r\n"), make([]byte, 4<<10)
	key, value, to := []byte("a"), []byte("VALUE a 0 1\r\nx\r\nEND\r\n"), &nobody{}
	now := int64(0)
	if n := testing.AllocsPerRun(500, func() {
		for range 16 {
			c.Send(set, nil, ascii.ShapeLine, to, 0)
			c.Get(key, to, 0)
		}
		now += 1000
		if _, err := l.Step(now); err != nil {
			t.Fatal(err)
		}
		if n, err := unix.Read(fds[1], in); err != nil || n < 16*(len(set)+len(getA)) {
			t.Fatal(n, err)
		}
		for range 16 {
			for _, reply := range [][]byte{stored, value} {
				if rest, err := c.take(reply); err != nil || len(rest) > 0 {
					t.Fatalf("%q, %v", rest, err)
				}
			}
		}
		c.relax()
		if c.relay.Holds() {
			t.Fatal("it keeps what is answered")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
