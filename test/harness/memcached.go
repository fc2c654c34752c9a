package harness

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// Memcached is a real memcached on a port of its own.
type Memcached struct {
	*testkit.Process
	Addr string // 127.0.0.1:port

	tb     testing.TB
	binary string
	port   int
	args   []string
}

// StartMemcached runs the memcached MEMCACHED_BIN, or the one in PATH, and waits until it answers.
func StartMemcached(tb testing.TB, args ...string) *Memcached {
	tb.Helper()
	return startMemcached(tb, memcachedBinary(), args)
}

// StartReference is StartMemcached for the memcached in PATH, whose grammar magent follows.
func StartReference(tb testing.TB, args ...string) *Memcached {
	tb.Helper()
	return startMemcached(tb, "memcached", args)
}

func startMemcached(tb testing.TB, binary string, args []string) *Memcached {
	tb.Helper()
	port := testkit.ReservePort(tb)
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	m := &Memcached{tb: tb, binary: binary, port: port, Addr: addr, args: known(tb, binary, args)}
	m.start()
	return m
}

// Restart kills the memcached and starts it again, empty, on the same port.
func (m *Memcached) Restart() {
	m.tb.Helper()
	m.Kill()
	m.start()
}

func (m *Memcached) start() {
	m.tb.Helper()
	argv := []string{
		m.binary, "-u", "nobody", "-l", "127.0.0.1", "-p", strconv.Itoa(m.port), "-U", "0", "-t", "1", "-m", "256",
	}
	m.Process = testkit.Start(m.tb, "memcached "+m.Addr, append(argv, m.args...)...)
	awaitVersion(m.tb, m.Process, m.Addr)
}

// awaitVersion waits until a process answers on an address.
func awaitVersion(tb testing.TB, p *testkit.Process, addr string) {
	tb.Helper()
	testkit.Eventually(tb, p.Name+" answers", func() error {
		if p.Exited() {
			tb.Fatalf("%s ended with code %d:\n%s", p.Name, p.ExitCode(), p.Log())
		}
		reply, err := knock(addr, "version\r\n")
		if strings.HasPrefix(reply, "-") || errors.Is(err, io.EOF) { // a Redis pool has no such command
			reply, err = knock(addr, "PING\r\n")
		}
		if err == nil && !isUp(reply) {
			err = fmt.Errorf("reply %q to version", reply)
		}
		return err
	})
}

// isUp reports whether a reply to version or PING shows that a process serves. It may want a password.
func isUp(reply string) bool {
	return strings.HasPrefix(reply, "VERSION ") || reply == "CLIENT_ERROR unauthenticated\r\n" ||
		reply == "+PONG\r\n" || strings.HasPrefix(reply, "-NOAUTH ")
}

// knock sends one request on a new connection, and returns the reply.
func knock(addr, request string) (reply string, err error) {
	c, err := Open(addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	return c.Try(request)
}
