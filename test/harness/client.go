package harness

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
)

// Client speaks memcached's text protocol and hides nothing of it. Each read and each write has to be over
// within Limit, which is testkit.Patience at first. Dial makes one whose methods Do, Send and Reply fail the test. The
// methods that return an error are for other goroutines.
type Client struct {
	Conn  net.Conn
	Limit time.Duration // of a read or a write

	tb testing.TB
	r  *bufio.Reader
}

// Dial connects to host:port, or to a unix socket, and closes the connection with the test.
func Dial(tb testing.TB, addr string) *Client {
	tb.Helper()
	c, err := Open(addr)
	if err != nil {
		tb.Fatal(err)
	}
	c.tb = tb
	tb.Cleanup(c.Close)
	return c
}

// Open connects like Dial but returns the error. The caller must close the client.
func Open(addr string) (*Client, error) {
	network := "tcp"
	if strings.HasPrefix(addr, "/") {
		network = "unix"
	}
	conn, err := net.DialTimeout(network, addr, testkit.Patience)
	if err != nil {
		return nil, err
	}
	return NewClient(conn), nil
}

// NewClient makes a client of a connection, which the caller must close. It returns errors, like Open's.
func NewClient(conn net.Conn) *Client {
	return &Client{Conn: conn, Limit: testkit.Patience, r: bufio.NewReaderSize(conn, 16<<10)}
}

// Close closes the connection.
func (c *Client) Close() { _ = c.Conn.Close() }

// Do sends a request and returns its one reply, line ends included.
func (c *Client) Do(request string) string {
	c.tb.Helper()
	reply, err := c.Try(request)
	if err != nil {
		c.tb.Fatalf("%.60q: %v", request, err)
	}
	return reply
}

// Want is Do, and fails the test if the reply is not want.
func (c *Client) Want(request, want string) {
	c.tb.Helper()
	if got := c.Do(request); got != want {
		c.tb.Fatalf("%.80q: got %.200q, want %.200q", request, got, want)
	}
}

// Pipeline sends requests in one packet, as many as fit, and expects that each of them has one reply, which is want.
func (c *Client) Pipeline(want string, requests ...string) {
	c.tb.Helper()
	c.Send(strings.Join(requests, ""))
	for _, request := range requests {
		if got := c.Reply(); got != want {
			c.tb.Fatalf("%.80q: got %.200q, want %.200q", request, got, want)
		}
	}
}

// Send sends text.
func (c *Client) Send(text string) {
	c.tb.Helper()
	if err := c.TrySend(text); err != nil {
		c.tb.Fatalf("send %.60q: %v", text, err)
	}
}

// Reply reads one reply.
func (c *Client) Reply() string {
	c.tb.Helper()
	reply, err := c.TryReply()
	if err != nil {
		c.tb.Fatalf("reply: %v", err)
	}
	return reply
}

// AwaitEOF reads until the other side closes the connection, and returns everything that was read.
func (c *Client) AwaitEOF() string {
	c.tb.Helper()
	rest, err := c.TryRest()
	if err != nil {
		c.tb.Fatalf("end of file: %v", err)
	}
	return rest
}

// Breathe is the pause between two requests of a client that is busy until something else has happened. Without it
// such clients would take the whole machine from what they wait for, and from other tests.
func Breathe() { time.Sleep(2 * time.Millisecond) }

// Try is Do with an error.
func (c *Client) Try(request string) (string, error) {
	if err := c.TrySend(request); err != nil {
		return "", err
	}
	return c.TryReply()
}

// TrySend is Send with an error.
func (c *Client) TrySend(text string) error {
	if err := c.Conn.SetWriteDeadline(time.Now().Add(c.Limit)); err != nil {
		return err
	}
	_, err := io.WriteString(c.Conn, text)
	return err
}

// TryRest is AwaitEOF with an error. A reset counts as the end.
func (c *Client) TryRest() (string, error) {
	if err := c.Conn.SetReadDeadline(time.Now().Add(c.Limit)); err != nil {
		return "", err
	}
	rest, err := io.ReadAll(c.r)
	if IsReset(err) {
		err = nil
	}
	return string(rest), err
}

// TryReply reads one reply and knows where it ends: VALUE and STAT lines up to END, VA with its value, else a line.
func (c *Client) TryReply() (string, error) {
	if err := c.Conn.SetReadDeadline(time.Now().Add(c.Limit)); err != nil {
		return "", err
	}
	var reply strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		if err == nil && OtherVersion() {
			line = oneBlank(line)
		}
		reply.WriteString(line)
		if err != nil {
			return reply.String(), fmt.Errorf("after %.80q: %w", reply.String(), err)
		}
		more, body, err := frame(line)
		if err != nil {
			return reply.String(), err
		}
		if body >= 0 {
			if _, err := io.CopyN(&reply, c.r, int64(body)+2); err != nil {
				return reply.String(), fmt.Errorf("body of %.80q: %w", line, err)
			}
		}
		if !more {
			return reply.String(), nil
		}
	}
}

// frame parses a line of a reply. more tells whether the reply goes on after this line and its body. body is the
// length of the body; -1: there is none.
func frame(line string) (more bool, body int, err error) {
	fields := strings.Fields(line)
	switch {
	case len(fields) == 0:
		return false, -1, nil
	case fields[0] == "STAT":
		return true, -1, nil
	case fields[0] == "VALUE" && len(fields) >= 4:
		body, err = strconv.Atoi(fields[3])
		return true, body, err
	case fields[0] == "VA" && len(fields) >= 2:
		body, err = strconv.Atoi(fields[1])
		return false, body, err
	}
	return false, -1, nil
}
