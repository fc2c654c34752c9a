package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"magent/backend"
	"magent/internal/testkit"
)

// A probe gives the reasons in the words of the loops.
func TestReason(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for _, c := range []struct {
		err  error
		want string
	}{
		{refused, "connection refused"},
		{&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, backend.ErrConnect.Error()},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, backend.ErrTimeout.Error()},
		{context.DeadlineExceeded, backend.ErrTimeout.Error()},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, "connection reset by peer"},
		{io.EOF, backend.ErrClosed.Error()},
		{errors.New(`memcache: unexpected response line from "version": "ERROR"`), backend.ErrGarbage.Error()},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "unknown", Name: "a.test"}}, "lookup a.test: unknown"},
		{errors.New("LOADING Redis is loading"), "LOADING Redis is loading"},
	} {
		if got := reason(c.err).Error(); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}

// Each failed probe is reported, with whether the server was there.
func TestFailedProbesAreReported(t *testing.T) {
	told := make(chan error, 100)
	p := New(targets(at(testkit.DeadAddr(t))), Options{
		Interval: time.Millisecond, Timeout: testkit.Patience,
		Failed: func(_ int, err error, there bool) {
			if there {
				t.Error("the server is said to be there")
			}
			told <- err
		},
	}, nil)
	defer p.Close()
	p.Ejected(0)
	for range 2 {
		if err := testkit.Await(t, "a failed probe", told); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v", err)
		}
	}
}
