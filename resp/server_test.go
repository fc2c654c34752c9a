package resp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"magent/internal/testkit"
)

// server is a real redis-server of one test, on a Unix socket. There a reply is not lost when the server hangs up.
type server struct {
	tb     testing.TB
	socket string
}

// startServer runs a redis-server and waits until it takes connections.
func startServer(tb testing.TB) *server {
	tb.Helper()
	s := &server{tb: tb, socket: testkit.SocketPath(tb)}
	testkit.StartRedis(tb, "--unixsocket", s.socket, "--maxclients", "1000")
	return s
}

func (s *server) dial() net.Conn {
	s.tb.Helper()
	c, err := net.Dial("unix", s.socket)
	if err != nil {
		s.tb.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(testkit.Patience)); err != nil {
		s.tb.Fatal(err)
	}
	return c
}

// say sends bytes on a new connection and returns all that the server answers.
func (s *server) say(in []byte) []byte {
	s.tb.Helper()
	c := s.dial()
	defer c.Close()
	_, err := c.Write(in)
	if err == nil {
		err = c.(*net.UnixConn).CloseWrite()
	}
	// The server may have hung up already
	if err != nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ENOTCONN) {
		s.tb.Fatal(err)
	}
	out, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		s.tb.Fatal(err)
	}
	return out
}

// ask sends requests one after the other on one connection and returns the replies.
func (s *server) ask(requests ...[]string) [][]byte {
	s.tb.Helper()
	c := s.dial()
	defer c.Close()
	var buf []byte
	var f Framer
	var replies [][]byte
	for _, request := range requests {
		if _, err := c.Write(AppendCommand(nil, request...)); err != nil {
			s.tb.Fatal(err)
		}
		for {
			n, _, ok := f.Next(buf)
			if !ok {
				s.tb.Fatalf("%q: no reply: %q", request, buf)
			}
			if n > 0 {
				replies = append(replies, bytes.Clone(buf[:n]))
				buf = buf[n:]
				break
			}
			chunk := make([]byte, 64<<10)
			n, err := c.Read(chunk)
			if err != nil {
				s.tb.Fatalf("%q: %v", request, err)
			}
			buf = append(buf, chunk[:n]...)
		}
	}
	return replies
}

// words takes apart an array of bulk strings.
func words(reply []byte) (list []string, ok bool) {
	n, rest, ok := ArrayLen(reply)
	for range n {
		var element []byte
		element, rest = NextElement(rest)
		value, _ := Bulk(element)
		list = append(list, string(value))
	}
	return list, ok
}

// inner returns the value of an element that is a bulk string, a simple string or an integer, as text.
func inner(element []byte) string {
	if value, ok := Bulk(element); ok {
		return string(value)
	}
	if n, ok := Integer(element); ok {
		return fmt.Sprint(n)
	}
	return strings.TrimSpace(string(element[1:]))
}

func toArgs(list ...string) [][]byte {
	var args [][]byte
	for _, s := range list {
		args = append(args, []byte(s))
	}
	return args
}
