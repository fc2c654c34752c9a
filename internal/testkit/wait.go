package testkit

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Patience bounds every wait of a test. What it waits for happens at once on an idle machine; a busy one is slower.
const Patience = time.Minute

// Await returns the next value of a channel, or the zero value of one that is closed. It fails the test with what was
// waited for, if nothing comes in time.
func Await[T any](tb testing.TB, what string, c <-chan T) T {
	tb.Helper()
	limit := time.NewTimer(Patience)
	defer limit.Stop()
	select {
	case v := <-c:
		return v
	case <-limit.C:
		tb.Fatalf("%s: not within %v", what, Patience)
		panic("not reached")
	}
}

// Eventually polls until check returns nil. When that does not happen in time, the test ends with the last error.
func Eventually(tb testing.TB, what string, check func() error) {
	tb.Helper()
	deadline, pause := time.Now().Add(Patience), time.Millisecond
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%s: not within %v: %v", what, Patience, err)
		}
		time.Sleep(pause)
		pause = min(2*pause, 10*time.Millisecond)
	}
}

// errNotYet is the error of a check that only says no.
var errNotYet = errors.New("not yet")

// Until is Eventually for a check that has nothing to say.
func Until(tb testing.TB, what string, check func() bool) {
	tb.Helper()
	Eventually(tb, what, func() error {
		if check() {
			return nil
		}
		return errNotYet
	})
}

// AwaitReadable waits until a socket has something to read, a connection to accept, or its end. It fails the test if
// nothing comes in time. poll(2) is never restarted behind a signal, and the Go runtime sends some.
func AwaitReadable(tb testing.TB, what string, fd int) {
	tb.Helper()
	events := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for deadline := time.Now().Add(Patience); ; {
		left := max(0, time.Until(deadline))
		n, err := unix.Poll(events, int(left.Milliseconds()))
		if n == 1 {
			return
		}
		if !errors.Is(err, unix.EINTR) {
			tb.Fatalf("%s: not within %v: %v", what, Patience, err)
		}
	}
}
