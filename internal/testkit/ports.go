package testkit

import (
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ReservePort returns a TCP port of the loopback that nobody else is given until the test is over, although the
// server that uses it comes and goes: a socket stays bound to it, without listening, and shares it (SO_REUSEADDR)
// with a server that does the same. To connect to such a port is refused while the server is away.
func ReservePort(tb testing.TB) int {
	tb.Helper()
	fd, port := bound(tb)
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		tb.Fatalf("SO_REUSEADDR: %v", err)
	}
	return port
}

// DeadAddr returns an address of the loopback that refuses every connection as long as the test runs.
func DeadAddr(tb testing.TB) string {
	tb.Helper()
	return fmt.Sprintf("127.0.0.1:%d", ReservePort(tb))
}

// BlackHole returns an address that drops every attempt to connect, because the backlog of its socket is full.
func BlackHole(tb testing.TB) string {
	tb.Helper()
	fd, port := bound(tb)
	if err := unix.Listen(fd, 0); err != nil {
		tb.Fatalf("listen: %v", err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	dropped := 0
	Eventually(tb, "the queue of "+addr+" is full", func() error {
		conn, err := net.DialTimeout("tcp", addr, 100*time.Millisecond)
		if err == nil {
			tb.Cleanup(func() { _ = conn.Close() })
			dropped = 0
		} else if dropped++; dropped == 2 { // one alone may be due to a busy machine
			return nil
		}
		return errors.New("it still takes connections")
	})
	return addr
}

// bound returns a socket on a port that the kernel chose. It is closed at the end of the test.
func bound(tb testing.TB) (fd, port int) {
	tb.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		tb.Fatalf("socket: %v", err)
	}
	tb.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		tb.Fatalf("bind: %v", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		tb.Fatalf("getsockname: %v", err)
	}
	return fd, name.(*unix.SockaddrInet4).Port
}
