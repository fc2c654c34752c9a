package verify

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
)

// talk returns a connection whose server has already sent said, and closes it.
func talk(t *testing.T, text string) *conn {
	t.Helper()
	client := testkit.Dial(t, "tcp", testkit.Serve(t, func(c net.Conn) { _, _ = io.WriteString(c, text) }))
	return &conn{Conn: client, name: "server", timeout: testkit.Patience, r: bufio.NewReaderSize(client, 64<<10)}
}

func TestReplies(t *testing.T) {
	c := talk(t,
		"EN\r\nHD f1 t-1 c2\r\nHD\r\nVA 4 f4294967295 t30 c18446744073709551615 Z X\r\na\r\nb\r\n"+
			"VA 0 W x9\r\n\r\nEN\r\n")
	for _, want := range []string{
		`{false "" 0 -1 0 false false}`,
		`{true "" 1 -1 2 false false}`,
		`{true "" 0 -1 0 false false}`,
		`{true "a\r\nb" 4294967295 30 18446744073709551615 true false}`,
		`{true "" 0 -1 0 true true}`,
		`{false "" 0 -1 0 false false}`,
	} {
		it := &c.item
		if err := c.next(it); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("{%v %q %d %d %d %v %v}", it.found, it.value, it.flags, it.ttl, it.token, it.stale,
			it.won); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestWrongReplies(t *testing.T) {
	for text, want := range map[string]string{
		"ERROR\r\n":                      `it says "ERROR"`,
		"SERVER_ERROR out of memory\r\n": `it says "SERVER_ERROR out of memory"`,
		"VA\r\n":                         "it says",
		"VA x f1\r\n":                    "it says",
		"VA -1 f1\r\n":                   "it says",
		"VA 9999999999 f1\r\n":           "it says",
		"HD fx\r\n":                      "it says",
		"HD t\r\n":                       "it says",
		"VA 3 f1\r\nabcde\r\n":           "it says",
		"VA 3 f1\r\nab":                  "closed the connection",
		"HD f1":                          "closed the connection",
		"":                               "closed the connection",
		strings.Repeat("x", 70<<10):      "has no end",
	} {
		c := talk(t, text)
		err := c.next(&c.item)
		var known *ServerError
		if !errors.As(err, &known) || known.Server != "server" || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

func TestSilentServer(t *testing.T) {
	for what, do := range map[string]func(*conn) error{
		"line":  func(c *conn) error { return c.next(&c.item) },
		"value": func(c *conn) error { return c.readValue(&c.item, 10) },
		"flush": func(c *conn) error { c.ask([]byte("k"), true); return c.flush() },
		"stat":  func(c *conn) error { _, err := c.stat("x"); return err },
	} {
		server, client := net.Pipe()
		c := &conn{Conn: client, name: "server", timeout: 10 * time.Millisecond, r: bufio.NewReader(client)}
		time.AfterFunc(testkit.Patience, func() { client.Close() })
		if err := do(c); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", what, err)
		}
		server.Close()
		client.Close()
	}
}

func TestQuestions(t *testing.T) {
	c := &conn{}
	c.ask([]byte("key"), true)
	c.ask([]byte("key"), false)
	c.ask([]byte("\x00\x01\x02"), true)
	c.giveBack([]byte("a b"), 7)
	if got, want := string(c.out),
		"mg key v f t c l u\r\nmg key f t c l u\r\nmg AAEC b v f t c l u\r\nmd YSBi b I C7\r\n"; got != want {
		t.Errorf("got %q", got)
	}
}

// A key that memcached refuses must not be asked for: the number of reply lines would be another one.
func TestAskable(t *testing.T) {
	for key, want := range map[string]bool{
		strings.Repeat("k", 250):          true,
		strings.Repeat("\x00", 186):       true,
		strings.Repeat("\x00", 187):       false,
		strings.Repeat("k", 249) + "\x01": false,
	} {
		if askable([]byte(key)) != want {
			t.Errorf("%d bytes, %.5q...", len(key), key)
		}
	}
}

func TestUntilTTL(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for seconds, want := range map[int64]int64{1: 1, 2_592_000: 2_592_000, 2_592_001: 1_802_592_001} {
		if got := untilTTL(seconds, now); got != want {
			t.Errorf("%d became %d", seconds, got)
		}
	}
}
