package nutcracker

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestErrorTexts checks that clients get the same errors from both programs, word by word: those of servers that
// cannot be asked, and those of passwords.
func TestErrorTexts(t *testing.T) {
	want, got := errorTexts(t, theirs), errorTexts(t, harness.Nutcracker(t))
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s, want %s", got[i], want[i])
		}
	}
	for _, text := range []string{"Connection refused", "Connection timed out", "Connection reset", "Host is down"} {
		if !slices.ContainsFunc(want, func(line string) bool { return strings.Contains(line, text) }) {
			t.Errorf("%s is not among the errors of twemproxy: %q", text, want)
		}
	}
}

// TestOwnErrorTexts checks that a pool may keep the errors that name the server.
func TestOwnErrorTexts(t *testing.T) {
	p := newPlace(t)
	dead := testkit.DeadAddr(t)
	p.run(t, harness.Nutcracker(t), p.pool(dead)+"  redis: true\n  compat_errors: false\n")
	want := "-ERR " + dead + ": connection refused\r\n"
	if got := ask(t, p.listen, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// errorTexts returns what clients of a program hear of servers that are out of use in all ways, each behind its case.
func errorTexts(t *testing.T, bin string) (lines []string) {
	t.Helper()
	note := func(name, reply string) { lines = append(lines, fmt.Sprintf("%s: %q", name, reply)) }
	for _, redis := range []bool{true, false} {
		get, set, options := "get k\r\n", "set k 0 0 1\r\nx\r\n", ""
		if redis {
			get, set = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nx\r\n"
			options = "  redis: true\n"
		}
		pool := func(server, timeout string) string {
			p := newPlace(t)
			p.run(t, bin, strings.Replace(p.pool(server), "timeout: 20000", "timeout: "+timeout, 1)+options)
			return p.listen
		}
		refused, unknown := pool(testkit.DeadAddr(t), "20000"), pool("nowhere.invalid:1", "20000")
		server, addr := startServer(t, redis)
		hung := pool(addr, "400")
		ask(t, hung, set)
		server.Pause()
		for _, request := range []string{get, set} {
			note("refused", ask(t, refused, request))
			note("unknown name", ask(t, unknown, request))
			note("hung", ask(t, hung, request))
		}
		server, addr = startServer(t, redis)
		killed := pool(addr, "20000")
		ask(t, killed, set)
		server.Pause()
		c := connect(t, killed)
		io.WriteString(c, get)
		testkit.Eventually(t, "the request is on its way", func() error { return onItsWay(addr) })
		server.Kill()
		note("killed", line(t, c))
	}
	p := newPlace(t)
	live, addr := startServer(t, true)
	defer live.Kill()
	p.run(t, bin, p.pool(addr)+"  redis: true\n  redis_auth: secret\n")
	note("no password", ask(t, p.listen, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"))
	note("wrong password", ask(t, p.listen, "*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n"))
	p = newPlace(t)
	p.run(t, bin, p.pool(addr)+"  redis: true\n")
	note("needless password", ask(t, p.listen, "*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n"))
	return lines
}

// startServer runs a Redis or a memcached, and returns its address.
func startServer(t *testing.T, redis bool) (server *testkit.Process, addr string) {
	t.Helper()
	if redis {
		r := testkit.StartRedis(t)
		return r.Process, r.Addr
	}
	m := harness.StartMemcached(t)
	return m.Process, m.Addr
}

// onItsWay returns an error while no server at addr has bytes that it has not read.
func onItsWay(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line) // number, local address, remote one, state (1: established), queues
		if len(fields) > 4 && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", n)) && fields[3] == "01" &&
			!strings.HasSuffix(fields[4], ":00000000") {
			return nil
		}
	}
	return errors.New("it has read everything")
}

func connect(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

// ask sends a request on a new connection, and returns the first line of the reply.
func ask(t *testing.T, addr, request string) string {
	t.Helper()
	c := connect(t, addr)
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	return line(t, c)
}

func line(t *testing.T, c net.Conn) string {
	t.Helper()
	text, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatalf("%q, %v", text, err)
	}
	return text
}
