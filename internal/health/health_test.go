package health

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// soon is the time limit of a check that must fail because of it. The others have patience, which none should need.
const (
	soon     = 50 * time.Millisecond
	patience = 20 * time.Second
)

// fake is a proxy of which answer makes the replies. It gets the words of a command, such as "get" and the key.
// Without a reply the connection stays silent; the reply "close" closes it.
type fake struct {
	ln     net.Listener
	answer func(words []string) string

	mu   sync.Mutex
	keys map[string]bool
}

// startFake starts a fake on an address such as 127.0.0.1:0, until the end of the test.
func startFake(t *testing.T, network, address string, answer func(words []string) string) *fake {
	t.Helper()
	f := &fake{ln: testkit.ListenOn(t, network, address), answer: answer, keys: map[string]bool{}}
	testkit.ServeOn(t, f.ln, f.serve)
	return f
}

func (f *fake) serve(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		words, err := readCommand(in)
		if err != nil {
			return
		}
		if len(words) == 2 {
			f.mu.Lock()
			f.keys[words[1]] = true
			f.mu.Unlock()
		}
		reply := f.answer(words)
		if reply == "close" {
			return
		}
		if _, err := io.WriteString(c, reply); err != nil {
			return
		}
	}
}

// readCommand reads a command of memcached or of Redis.
func readCommand(in *bufio.Reader) (words []string, err error) {
	line, err := in.ReadString('\n')
	line = strings.TrimSuffix(line, "\r\n")
	n, isArray := strings.CutPrefix(line, "*")
	if err != nil || !isArray {
		return strings.Fields(line), err
	}
	count, err := strconv.Atoi(n)
	for range count {
		var word string
		if err == nil {
			_, err = in.ReadString('\n') // the length
		}
		if err == nil {
			word, err = in.ReadString('\n')
		}
		words = append(words, strings.TrimSuffix(word, "\r\n"))
	}
	return words, err
}

// script makes the function answer of a fake.
type script func() func(words []string) string

// gets answers version and PING like a proxy, and the n-th get, counted from 1, with get(n).
func gets(get func(n int) string) script {
	return func() func([]string) string {
		n := 0
		return func(words []string) string {
			switch words[0] {
			case "version":
				return "VERSION 1.6.18\r\n"
			case "PING":
				return "+PONG\r\n"
			}
			n++
			return get(n)
		}
	}
}

// always answers every command with the same reply.
func always(reply string) script {
	return func() func([]string) string { return func([]string) string { return reply } }
}

func TestCheck(t *testing.T) {
	const miss, down = "END\r\n", "SERVER_ERROR one:1: connection refused\r\n"
	for name, c := range map[string]struct {
		answer script
		redis  bool
		within time.Duration // 0: patience
		told   string        // the result after the address, up to the time
		rest   string        // the result after the time
		err    string        // the error after the address; empty: none
		keys   int           // how many different keys are asked for; -1: any number
	}{
		"all keys are served": {answer: gets(func(int) string { return miss }), told: " serves, in ", keys: 16},
		"some keys are served": {
			answer: gets(func(n int) string {
				if n%4 == 0 {
					return down
				}
				return miss
			}),
			told: " serves, in ",
			rest: "; 4 of 16 keys cannot be had: SERVER_ERROR one:1: connection refused",
			keys: 16,
		},
		"one key of many is served": {
			answer: gets(func(n int) string {
				if n == 777 {
					return miss
				}
				return down
			}),
			told: " serves, in ",
			rest: "; 1039 of 1040 keys cannot be had: SERVER_ERROR one:1: connection refused",
			keys: 1040,
		},
		"no key is served": {
			answer: gets(func(int) string { return down }),
			err:    ": none of 1040 keys can be had: SERVER_ERROR one:1: connection refused",
			keys:   1040,
		},
		"a hit is not the answer to a random key": {
			answer: gets(func(int) string { return "VALUE k 0 0\r\n" }),
			err:    ": none of 1040 keys can be had: VALUE k 0 0",
			keys:   1040,
		},
		"it is full": {
			answer: always("SERVER_ERROR too many clients\r\n"),
			err:    `: it said "SERVER_ERROR too many clients"`, keys: -1,
		},
		"it speaks Redis's protocol": {
			answer: always("-ERR what\r\n"),
			err:    `: it said "-ERR what": that is Redis's protocol: add --redis`, keys: -1,
		},
		"it is a port for monitoring": {
			answer: always("HTTP/1.1 400 Bad Request\r\n"),
			err:    `: it said "HTTP/1.1 400 Bad Request": ` + pages, keys: -1,
		},
		"redis that is a port for monitoring": {
			redis: true, answer: always("HTTP/1.1 400 Bad Request\r\n"),
			err: `: it said "HTTP/1.1 400 Bad Request": ` + pages, keys: -1,
		},
		"it closes the connection": {answer: always("close"), err: ": it closed the connection", keys: -1},
		"it closes the connection after a get": {answer: gets(func(int) string {
			return "close"
		}), err: ": it closed the connection", keys: -1},
		"it is silent": {answer: always(""), within: soon, err: ": no answer in time", keys: -1},
		"it is silent after a get": {
			answer: gets(func(int) string { return "" }), within: soon, err: ": no answer in time", keys: -1,
		},
		"its line has no end": {
			answer: always(strings.Repeat("x", 8192)), err: ": a line that it sent has no end", keys: -1,
		},

		"redis": {redis: true, answer: gets(func(int) string { return "$-1\r\n" }), told: " serves, in ", keys: 16},
		"redis, some keys are served": {
			redis: true,
			answer: gets(func(n int) string {
				if n > 1 {
					return "$-1\r\n"
				}
				return "-ERR one:1: connection refused\r\n"
			}),
			told: " serves, in ",
			rest: "; 1 of 16 keys cannot be had: -ERR one:1: connection refused",
			keys: 16,
		},
		"redis with a password": {
			redis: true, answer: always("-NOAUTH Authentication required.\r\n"), told: " serves, in ", keys: 16,
		},
		"redis that is memcached": {
			redis: true, answer: always("ERROR\r\n"),
			err: `: it said "ERROR": that is memcached's protocol: leave --redis out`, keys: -1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": path} {
				f := startFake(t, network, address, c.answer())
				address = f.ln.Addr().String()
				within := c.within
				if within == 0 {
					within = patience
				}
				told, err := Check(t.Context(), Options{Address: address, Redis: c.redis, Within: within})
				checkResult(t, told, err, address+c.told, c.rest, address+c.err, c.err != "")
				f.mu.Lock()
				if len(f.keys) != c.keys && c.keys >= 0 {
					t.Errorf("%s: %d different keys were asked for, want %d", network, len(f.keys), c.keys)
				}
				f.mu.Unlock()
			}
		})
	}
}

// checkResult checks a line of Check, which has a time in it, or its error.
func checkResult(t *testing.T, told string, err error, begin, end, want string, fails bool) {
	t.Helper()
	if fails {
		if told != "" || err == nil || err.Error() != want {
			t.Errorf("%q, %v; want the error %s", told, err, want)
		}
		return
	}
	took, begins := strings.CutPrefix(told, begin)
	took, ends := strings.CutSuffix(took, " ms"+end)
	if _, wrong := strconv.ParseFloat(took, 64); err != nil || !begins || !ends || wrong != nil {
		t.Errorf("%q, %v; want %q, milliseconds, and %q", told, err, begin, end)
	}
}

// A proxy that cannot be reached is named, with the reason.
func TestCheckWithoutProxy(t *testing.T) {
	refuses, missing := testkit.DeadAddr(t), filepath.Join(t.TempDir(), "none")
	for address, want := range map[string]string{
		refuses: refuses + ": connect: connection refused",
		missing: missing + ": connect: no such file or directory",
	} {
		for _, o := range []Options{{Address: address}, {Address: address, Redis: true}, {Admin: address}} {
			o.Within = patience
			if told, err := Check(t.Context(), o); told != "" || err == nil || err.Error() != want {
				t.Errorf("%+v: %q, %v; want the error %s", o, told, err, want)
			}
		}
	}
}

// An error is one line that begins with the address and does not repeat it.
func TestReason(t *testing.T) {
	addr := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("what"), "a:1: what"},
		{&net.OpError{Op: "dial", Net: "tcp", Addr: addr, Err: errors.New("no route")}, "a:1: no route"},
		{&net.OpError{Op: "read", Net: "tcp", Addr: addr, Err: os.ErrDeadlineExceeded}, "a:1: no answer in time"},
		{fmt.Errorf("get: %w", context.DeadlineExceeded), "a:1: no answer in time"},
		{fmt.Errorf("get: %w", context.Canceled), "a:1: get: context canceled"},
	} {
		if got := reason("a:1", c.err); got.Error() != c.want {
			t.Errorf("%v: %v, want %s", c.err, got, c.want)
		}
	}
}
