package redis

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// conn is a client of Redis's protocol that shows replies as they are. Methods without an error fail the test; those
// with one can be used in other goroutines.
type conn struct {
	net.Conn

	t    *testing.T
	r    *bufio.Reader
	wait time.Duration // for a reply
}

// dial connects, and closes the connection with the test.
func dial(t *testing.T, addr string) *conn {
	t.Helper()
	c, err := open(addr)
	if err != nil {
		t.Fatal(err)
	}
	c.t = t
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// open connects like dial, but returns the error.
func open(addr string) (*conn, error) {
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, r: bufio.NewReaderSize(c, 64<<10), wait: patience}, nil
}

// command returns the bytes of a command.
func command(args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return b.String()
}

// do sends a command and returns the bytes of its reply.
func (c *conn) do(args ...string) string {
	c.t.Helper()
	reply, err := c.try(args...)
	if err != nil {
		c.t.Fatalf("%.80q: %v", args, err)
	}
	return reply
}

// want is do, and fails the test if the reply is not want.
func (c *conn) want(reply string, args ...string) {
	c.t.Helper()
	if got := c.do(args...); got != reply {
		c.t.Fatalf("%.120q: got %.200q, want %.200q", args, got, reply)
	}
}

// wantPrefix is do, and fails the test if the reply does not begin with want.
func (c *conn) wantPrefix(prefix string, args ...string) string {
	c.t.Helper()
	got := c.do(args...)
	if !strings.HasPrefix(got, prefix) {
		c.t.Fatalf("%.120q: got %.200q, want %.200q...", args, got, prefix)
	}
	return got
}

func (c *conn) send(text string) {
	c.t.Helper()
	if err := c.trySend(text); err != nil {
		c.t.Fatalf("send %.60q: %v", text, err)
	}
}

func (c *conn) reply() string {
	c.t.Helper()
	reply, err := c.tryReply()
	if err != nil {
		c.t.Fatalf("reply: %v", err)
	}
	return reply
}

// rest reads until the other side closes the connection, and returns everything that was read.
func (c *conn) rest() string {
	c.t.Helper()
	rest, err := c.tryRest()
	if err != nil {
		c.t.Fatalf("end of file: %v", err)
	}
	return rest
}

func (c *conn) try(args ...string) (string, error) {
	if err := c.trySend(command(args...)); err != nil {
		return "", err
	}
	return c.tryReply()
}

func (c *conn) trySend(text string) error {
	var err error
	for err == nil && text != "" { // megabytes may take longer
		piece := text[:min(len(text), 64<<10)]
		if err = c.SetWriteDeadline(time.Now().Add(c.wait)); err == nil {
			_, err = io.WriteString(c.Conn, piece)
		}
		text = text[len(piece):]
	}
	return err
}

func (c *conn) tryReply() (string, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.wait)); err != nil {
		return "", err
	}
	var b strings.Builder
	err := c.copyReply(&b)
	return b.String(), err
}

func (c *conn) tryRest() (string, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.wait)); err != nil {
		return "", err
	}
	rest, err := io.ReadAll(c.r)
	if isReset(err) {
		err = nil
	}
	return string(rest), err
}

// copyReply copies one reply of either version, however it is nested.
func (c *conn) copyReply(b *strings.Builder) error {
	line, err := c.r.ReadString('\n')
	b.WriteString(line)
	if err != nil {
		return fmt.Errorf("after %.80q: %w", b.String(), err)
	}
	switch line[0] {
	case '+', '-', ':', '_', '#', ',', '(':
		return nil
	case '$', '=', '!', '*', '~', '%', '|', '>':
		n, err := strconv.Atoi(strings.TrimSuffix(line[1:], "\r\n"))
		if err != nil || n < 0 {
			return err
		}
		switch line[0] {
		case '$', '=', '!':
			b.Grow(n + 2)
			_, err = io.CopyN(b, c.r, int64(n)+2)
			return err
		case '%':
			n *= 2
		case '|':
			n = 2*n + 1
		}
		for range n {
			if err := c.copyReply(b); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%.80q does not begin a reply", line)
}
