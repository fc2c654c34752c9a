package backend

import (
	"errors"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"magent/internal/fleet/forward"
	"magent/internal/testkit"
)

// What an owner gets is counted, also what the next one gets once more; what still waits for one is not.
func TestRelayCountsForwarded(t *testing.T) {
	var forwarded atomic.Uint64
	r := newRelayRig(t, func(o *Options) { o.Relay.Forwarded = func(n int) { forwarded.Add(uint64(n)) } })
	want := func(when string, n uint64) {
		t.Helper()
		if got := forwarded.Load(); got != n {
			t.Errorf("%s: %d are counted, want %d", when, got, n)
		}
	}
	r.do(r.c.Connect)
	r.ask(0, setA, "a")
	r.do(func() {})
	want("nobody decides", 0)
	o := r.link(7)
	o.requests(setA + getA)
	want("an owner has got them", 2)
	o.send("STORED\r\n")
	r.want("0 STORED|")
	o.mark(forward.Mark{Kind: forward.Return, Epoch: 7})
	r.want(ended(ErrReturned))
	o = r.link(8)
	o.requests(getA)
	want("the next one has got what was given back", 3)
}

// A connection to an owner is told once that it is used no more, however it ends, and also if it was never used.
func TestRelayTellsDisuse(t *testing.T) {
	pair := func(t *testing.T) (mine, other int) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fds[1]) })
		return fds[0], fds[1]
	}
	for name, end := range map[string]func(r *relayRig, other int){
		"shut":        func(r *relayRig, _ int) { r.c.Shut() },
		"handed on":   func(r *relayRig, _ int) { r.c.HandOn() },
		"given up":    func(r *relayRig, _ int) { r.c.Close(ErrTimeout) },
		"ended there": func(_ *relayRig, other int) { _ = unix.Shutdown(other, unix.SHUT_RDWR) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRelayRig(t, nil)
			r.do(r.c.Connect)
			c := testkit.Await(t, "Make", r.asked)
			mine, other := pair(t)
			closed := make(chan struct{}, 10)
			r.do(func() { c.Made(Link{FD: mine, Epoch: 7, Closed: func() { closed <- struct{}{} }}, nil) })
			r.do(func() { c.check() })
			if len(closed) > 0 {
				t.Fatal("it is told while the connection is used")
			}
			r.do(func() { end(r, other) })
			testkit.Await(t, "the end", closed)
			r.do(r.c.Shut)
			if len(closed) > 0 {
				t.Error("it is told twice")
			}
		})
	}
	t.Run("too late", func(t *testing.T) {
		r := newRelayRig(t, nil)
		r.do(r.c.Connect)
		c := testkit.Await(t, "Make", r.asked)
		mine, _ := pair(t)
		closed := 0
		r.do(func() {
			r.c.Shut()
			c.Made(Link{FD: mine, Epoch: 7, Closed: func() { closed++ }}, nil)
		})
		if closed != 1 {
			t.Errorf("told %d times", closed)
		}
		if _, err := unix.FcntlInt(uintptr(mine), unix.F_GETFD, 0); !errors.Is(err, unix.EBADF) {
			t.Errorf("the descriptor is open: %v", err)
		}
	})
}
