package loop

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// idle returns a loop that does not run: only the test itself calls its methods.
func idle(t testing.TB) *Loop {
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Discard)
	return l
}

// running returns a loop that runs until the end of the test.
func running(t testing.TB) *Loop {
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go turn(l, ended)
	t.Cleanup(func() {
		l.Post(TaskFunc(l.Stop))
		if err := testkit.Await(t, "ended", ended); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return l
}

func turn(l *Loop, ended chan<- error) { ended <- l.Run() }

// on runs f on the goroutine of l and waits for it.
func on(t testing.TB, l *Loop, f func()) {
	t.Helper()
	done := make(chan struct{}, 1)
	l.Post(TaskFunc(func() { f(); done <- struct{}{} }))
	testkit.Await(t, "done", done)
}

// fatal has the methods that tests and property tests have in common.
type fatal interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// pair returns two connected, non-blocking sockets.
func pair(t fatal) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return fds[0], fds[1]
}

// put writes all of data to a socket that has room for it.
func put(t fatal, fd int, data []byte) {
	t.Helper()
	n, err := Send(fd, data)
	if err != nil || n < len(data) {
		t.Fatalf("wrote %d of %d bytes: %v", n, len(data), err)
	}
}

// handlerFunc makes a function a Handler.
type handlerFunc func(ev Events)

func (f handlerFunc) OnReady(ev Events) { f(ev) }

// pattern returns n bytes in which a shifted or doubled piece would show.
func pattern(n, seed int) []byte {
	b := make([]byte, n)
	x := uint32(seed)*2654435761 + 1
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

// differ describes where two long byte slices begin to differ; empty: they are equal.
func differ(got, want []byte) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("byte %d differs (of %d, want %d)", i, len(got), len(want))
		}
	}
	if len(got) != len(want) {
		return fmt.Sprintf("%d bytes, want %d", len(got), len(want))
	}
	return ""
}
