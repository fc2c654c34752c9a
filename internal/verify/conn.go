package verify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"strconv"
	"time"

	"magent/ascii"
	"magent/backend/hello"
	"magent/internal/cause"
	"magent/internal/metadump"
)

// Server is a memcached: its name for messages, and how to connect to it.
type Server struct {
	Name    string
	Dial    metadump.Dialer
	Drained bool // nobody connects to it, and its keys are not compared
}

// ServerError tells which server failed, and why.
type ServerError struct {
	Server string
	Err    error
}

func (e *ServerError) Error() string { return e.Server + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *ServerError) Unwrap() error { return e.Err }

// conn is a connection to one server. Commands are collected in out and sent by flush. The replies come in their
// order.
type conn struct {
	net.Conn
	name    string
	timeout time.Duration // for a reply
	r       *bufio.Reader
	out     []byte // commands to be sent
	writes  []byte // repairs; they are sent after the replies to out have been read
	item    item   // the last reply
	meta    hello.MetaForm
	expires bool // md with a token does not work here: items are replaced by expired ones instead
}

func connect(ctx context.Context, s Server, timeout time.Duration) (*conn, error) {
	stream, err := s.Dial(ctx)
	if err != nil {
		return nil, failed(s.Name, err)
	}
	return &conn{Conn: stream, name: s.Name, timeout: timeout, r: bufio.NewReaderSize(stream, 64<<10)}, nil
}

func (c *conn) failed(err error) error { return failed(c.name, err) }

// failed returns a ServerError.
func failed(server string, err error) error { return &ServerError{server, cause.Of(err)} }

// longestKey is the longest key that memcached accepts in a command line, in base64 as well.
const longestKey = 250

// askable reports whether a meta command can contain a key: if it needs base64, it may become too long.
func askable(key []byte) bool {
	return ascii.TextKey(key) || base64.StdEncoding.EncodedLen(len(key)) < longestKey
}

// appendCommand appends the beginning of a meta command to dst: its name, the key, and between, which comes before the
// flags.
func appendCommand(dst []byte, name string, key []byte, between string) []byte {
	dst = append(append(dst, name...), ' ')
	if ascii.TextKey(key) {
		return append(append(dst, key...), between...)
	}
	dst = base64.StdEncoding.AppendEncode(dst, key)
	return append(append(dst, between...), " b"...)
}

// ask collects a command that reads an item, with its value if value is set. The read does not count as a use of the
// item.
func (c *conn) ask(key []byte, value bool) {
	c.out = appendCommand(c.out, "mg", key, "")
	if value {
		c.out = append(c.out, " v"...)
	}
	c.out = append(c.out, " f t c l u\r\n"...)
}

// giveBack collects a command that marks an item as stale again, because our read has won the right to recompute it.
// So the next client that reads it recomputes it. If token is not 0, the item must still have it.
func (c *conn) giveBack(key []byte, token uint64) {
	c.out = append(appendCommand(c.out, "md", key, ""), " I"...)
	if token != 0 {
		c.out = appendToken(c.out, token)
	}
	c.out = append(c.out, "\r\n"...)
}

func appendToken(dst []byte, token uint64) []byte {
	return strconv.AppendUint(append(dst, " C"...), token, 10)
}

// piece is how many bytes of a value or of commands have to pass within one timeout.
const piece = 64 << 10

// flush sends the collected commands. There must not be more of them than the server can answer before we read: the
// replies are read only afterwards.
func (c *conn) flush() error {
	out := c.out
	c.out = c.out[:0]
	for len(out) > 0 {
		if err := c.SetDeadline(time.Now().Add(c.timeout)); err != nil {
			return c.failed(err)
		}
		n, err := c.Write(out[:min(piece, len(out))])
		if err != nil {
			return c.failed(err)
		}
		out = out[n:]
	}
	return nil
}

// line reads a line, and returns it without its end. It is valid until the next read.
func (c *conn) line() ([]byte, error) {
	if err := c.SetDeadline(time.Now().Add(c.timeout)); err != nil {
		return nil, c.failed(err)
	}
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, c.failed(err)
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// stat returns one number of the server's statistics, or 0 if it is missing.
func (c *conn) stat(name string) (int, error) {
	c.out = append(c.out, "stats\r\n"...)
	if err := c.flush(); err != nil {
		return 0, err
	}
	found := 0
	for {
		line, err := c.line()
		if err != nil {
			return 0, err
		}
		if string(line) == "END" {
			return found, nil
		}
		if err := hello.Refusal(line); err != nil {
			return 0, c.failed(err)
		}
		if !bytes.HasPrefix(line, []byte("STAT ")) {
			return 0, c.failed(fmt.Errorf("it answers stats with %.100q", line))
		}
		if number, ok := bytes.CutPrefix(line, []byte("STAT "+name+" ")); ok {
			found, _ = strconv.Atoi(string(number)) // 0 if it is not a number
		}
	}
}
