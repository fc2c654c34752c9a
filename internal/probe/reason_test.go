package probe

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"magent/backend"
	"magent/backend/hello"
	"magent/internal/access"
	"magent/internal/loop"
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
	} {
		if got := Reason(c.err).Error(); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}

// What a Redis answers to a probe is the reason, in the words of the loops, which answer their clients with its code.
func TestRefusalOfRedis(t *testing.T) {
	for _, said := range []string{
		"LOADING Redis is loading the dataset in memory",
		"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
		"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
		"READONLY You can't write against a read only replica.",
		"NOAUTH Authentication required.",
		"WRONGPASS invalid username-password pair or user is disabled.",
		"ERR max number of clients reached",
		"Odd words",
	} {
		for _, password := range []string{"", "secret"} {
			addr := testkit.Serve(t, func(c net.Conn) {
				for lines := bufio.NewScanner(c); lines.Scan(); {
					if strings.HasPrefix(lines.Text(), "*") {
						_, _ = io.WriteString(c, "-"+said+"\r\n")
					}
				}
			})
			err := Redis(access.Dialer{}, password)(t.Context(), loop.Endpoint{Addr: netip.MustParseAddrPort(addr)},
				testkit.Patience)
			var refused *hello.NotReady
			if !errors.As(Reason(err), &refused) || refused.Text != said || refusal(err) == nil {
				t.Errorf("%q, password %q: %v", said, password, Reason(err))
			}
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
