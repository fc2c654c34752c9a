package loop

import (
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/testkit"
)

// Both sockets are ready in the same turn. The first handler closes the other one and opens a new socket. The closed
// one gets no more events, and its number is not reused before the turn has ended.
func TestCloseWithinTheBatch(t *testing.T) {
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	var fds, peers [2]int
	var events [2]int
	done := make(chan struct{})
	for i := range fds {
		fds[i], peers[i] = pair(t)
		put(t, peers[i], []byte("x"))
		err := l.Register(fds[i], Readable, handlerFunc(func(Events) {
			other := 1 - i
			events[i]++
			l.Close(fds[other])
			fresh, err := unix.Eventfd(0, unix.EFD_NONBLOCK)
			if err != nil || fresh == fds[other] {
				t.Errorf("the number %d of a socket that is being closed was given to a new one (%v)", fresh, err)
			}
			unix.Close(fresh)
			l.Close(fds[i])
			close(done)
		}))
		if err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan error, 1)
	go turn(l, ended)
	testkit.Await(t, "done", done)
	l.Post(TaskFunc(l.Stop))
	if err := testkit.Await(t, "ended", ended); err != nil {
		t.Fatal(err)
	}
	if events[0]+events[1] != 1 {
		t.Errorf("events: %v, want one for one of them", events)
	}
	for i := range fds {
		if _, err := unix.FcntlInt(uintptr(fds[i]), unix.F_GETFD, 0); err != unix.EBADF {
			t.Errorf("socket %d is still open after the turn: %v", i, err)
		}
		unix.Close(peers[i])
	}
}

// A descriptor may have any number: the table has room for it, and what was registered before stays.
func TestRegisterLargeNumber(t *testing.T) {
	l := idle(t)
	low, peer := pair(t)
	defer unix.Close(peer)
	fd, err := unix.FcntlInt(uintptr(low), unix.F_DUPFD_CLOEXEC, 3*slotsEach)
	if err != nil {
		t.Fatal(err)
	}
	heard := map[int]int{}
	for _, fd := range []int{low, fd} {
		if err := l.Register(fd, Readable, handlerFunc(func(Events) { heard[fd]++ })); err != nil {
			t.Fatal(err)
		}
	}
	put(t, peer, []byte("x"))
	if _, err := l.Step(1); err != nil || heard[low] != 1 || heard[fd] != 1 {
		t.Errorf("events: %v (%v), want one of each descriptor", heard, err)
	}
}

// An event that was meant for an earlier owner of the number is dropped.
func TestEventOfAnEarlierGeneration(t *testing.T) {
	l := idle(t)
	fd, peer := pair(t)
	defer unix.Close(peer)
	var heard []string
	_ = l.Register(fd, Readable, handlerFunc(func(Events) { heard = append(heard, "old") }))
	late := unix.EpollEvent{Fd: int32(fd), Pad: int32(l.slot(fd).gen), Events: unix.EPOLLIN}
	l.dispatch(&late)
	l.Close(fd)
	l.dispatch(&late)
	l.endTurn(0)
	a, b := pair(t)
	if a != fd {
		_ = unix.Dup3(a, fd, 0)
		unix.Close(a)
	}
	defer unix.Close(b)
	_ = l.Register(fd, Readable, handlerFunc(func(Events) { heard = append(heard, "new") }))
	l.dispatch(&late)
	if !slices.Equal(heard, []string{"old"}) {
		t.Errorf("heard by %v, want by the old owner once", heard)
	}
}

func TestEvents(t *testing.T) {
	l := idle(t)
	var got Events
	// Any descriptor will do, because nothing is read.
	_ = l.Register(l.mail.fd, Readable, handlerFunc(func(ev Events) { got = ev }))
	for _, c := range []struct {
		epoll uint32
		want  Events
	}{
		{unix.EPOLLIN, Readable},
		{unix.EPOLLOUT, Writable},
		{unix.EPOLLIN | unix.EPOLLOUT, Readable | Writable},
		{unix.EPOLLERR, Readable | Writable},
		{unix.EPOLLHUP, Readable | Writable},
		{unix.EPOLLRDHUP, Readable | Ended},
	} {
		l.dispatch(&unix.EpollEvent{Fd: int32(l.mail.fd), Pad: int32(l.slot(l.mail.fd).gen), Events: c.epoll})
		if got != c.want {
			t.Errorf("epoll's %#x is %b, want %b", c.epoll, got, c.want)
		}
	}
}

type flushFunc func()

func (f flushFunc) Flush() { f() }

// What is marked is flushed in the same turn, even if another Flush marks it. Descriptors are closed after that.
func TestTurnOrder(t *testing.T) {
	l := running(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	fd, err := unix.Dup(int(r.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	note := func(s string) { order = append(order, s) }
	done := make(chan struct{})
	on(t, l, func() {
		_ = l.Register(fd, 0, handlerFunc(func(Events) {}))
		turn := l.Turns
		l.SetAt(NewTimer(func() { note("timer of the next turn") }), 0)
		l.Post(TaskFunc(func() { note("task of the next turn"); close(done) }))
		l.Mark(flushFunc(func() {
			note("flush")
			l.Mark(flushFunc(func() {
				note("flush marked in a flush")
				if l.Turns != turn {
					t.Error("in another turn")
				}
				if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
					t.Errorf("closed before the last flush: %v", err)
				}
			}))
		}))
		l.Close(fd)
		note("task")
	})
	testkit.Await(t, "done", done)
	on(t, l, func() {})
	want := []string{"task", "flush", "flush marked in a flush", "task of the next turn", "timer of the next turn"}
	if !slices.Equal(order, want) {
		t.Errorf("order: %q", order)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != unix.EBADF {
		t.Errorf("not closed after its turn: %v", err)
	}
}

func TestNowNeverGoesBack(t *testing.T) {
	l := running(t)
	var last int64
	for range 100 {
		on(t, l, func() {
			if l.Now() < last {
				t.Errorf("%d after %d", l.Now(), last)
			}
			last = l.Now()
		})
	}
}

// The end of a loop closes all descriptors that are registered with it, and so does Discard.
func TestReleaseClosesEverything(t *testing.T) {
	for name, end := range map[string]func(*Loop){
		"run": func(l *Loop) {
			l.Stop()
			if err := l.Run(); err != nil {
				t.Fatal(err)
			}
		},
		"discard": (*Loop).Discard,
	} {
		l, err := New()
		if err != nil {
			t.Fatal(err)
		}
		a, b := pair(t)
		_ = l.Register(a, Readable, handlerFunc(func(Events) {}))
		_ = l.Register(b, Readable, handlerFunc(func(Events) {}))
		l.Close(b)
		all := []int{a, b, l.mail.fd, l.poll.fd}
		end(l)
		for _, fd := range all {
			if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != unix.EBADF {
				t.Errorf("%s: descriptor %d is still open: %v", name, fd, err)
			}
		}
	}
}

// If the process is held up, the loop's clock stands still. A timer that became due in the meantime does not fire
// before the sockets have been read.
func TestLoopIgnoresStalls(t *testing.T) {
	l := running(t)
	var before, after int64
	done := make(chan struct{})
	l.Post(TaskFunc(func() {
		before = l.Now()
		l.Post(TaskFunc(func() { after = l.Now(); close(done) }))
		time.Sleep(2 * stall)
	}))
	testkit.Await(t, "done", done)
	if after-before >= int64(stall) {
		t.Errorf("the clock went on by %v in a stall of %v", time.Duration(after-before), 2*stall)
	}
}

type flushCounter int

func (f *flushCounter) Flush() { *f++ }

// Late output waits as long as there is much to do, but only for a few turns.
func TestMarkLate(t *testing.T) {
	l := idle(t)
	var f flushCounter
	l.MarkLate(&f)
	if l.patience() != 0 {
		t.Error("the loop would wait with late output in its hands")
	}
	for turn := range maxHeld {
		if l.endTurn(2); f != 0 {
			t.Fatalf("flushed after %d turns", turn+1)
		}
	}
	if l.endTurn(2); f != 1 {
		t.Errorf("after %d turns: flushed %d times", maxHeld+1, f)
	}
	l.MarkLate(&f)
	if l.endTurn(1); f != 2 {
		t.Errorf("nothing else to do: flushed %d times, want 2", f)
	}
	if l.endTurn(1); f != 2 || l.patience() == 0 {
		t.Errorf("flushed again: %d times", f)
	}
}

// Descriptors that were taken are closed by who has taken them. Until then their events reach nobody, and their
// numbers are not used again.
func TestTakeClosing(t *testing.T) {
	l := idle(t)
	fd, peer := pair(t)
	defer unix.Close(peer)
	heard := false
	if err := l.Register(fd, Readable, handlerFunc(func(Events) { heard = true })); err != nil {
		t.Fatal(err)
	}
	l.Close(fd)
	if got := l.TakeClosing(); !slices.Equal(got, []int{fd}) || len(l.TakeClosing()) > 0 {
		t.Fatalf("%d, and not %d once", got, fd)
	}
	if _, err := unix.Write(peer, []byte("x")); err != nil {
		t.Fatal("it was closed at once")
	}
	if _, err := l.Step(1); err != nil || heard {
		t.Fatalf("an event of what was closed: %v", err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
		t.Fatal("the loop has closed it")
	}
	other, its := pair(t)
	defer unix.Close(its)
	defer unix.Close(other)
	if other == fd || its == fd {
		t.Fatal("the number is used again")
	}
	unix.Close(fd)
	if _, err := unix.Write(peer, []byte("x")); err == nil {
		t.Error("the other end does not see the end")
	}
}

// What is to be reset is not taken: it ends with the turn.
func TestTakeClosingLeavesResets(t *testing.T) {
	l := idle(t)
	var fds, peers []int
	for range 3 {
		fd, peer := pair(t)
		defer unix.Close(peer)
		if err := l.Register(fd, Readable, handlerFunc(func(Events) {})); err != nil {
			t.Fatal(err)
		}
		fds, peers = append(fds, fd), append(peers, peer)
	}
	if err := unix.SetsockoptLinger(fds[1], unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		l.Close(fd)
	}
	if got := l.TakeClosing(); !slices.Equal(got, []int{fds[0], fds[2]}) {
		t.Fatalf("%d of %d, the second of which is to be reset", got, fds)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[2])
	if _, err := l.Step(1); err != nil {
		t.Fatal(err)
	}
	for i, peer := range peers {
		if _, err := unix.Write(peer, []byte("x")); (err != nil) != (i == 1) {
			t.Errorf("%d: %v", i, err)
		}
	}
}
