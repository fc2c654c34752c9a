package verify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"magent/ascii"
	"magent/backend"
	"magent/internal/metadump"
)

// Server is a memcached and the way to it.
type Server struct {
	Name string
	Dial metadump.Dialer
}

// ServerError says which server could not do its part.
type ServerError struct {
	Server string
	Err    error
}

func (e *ServerError) Error() string { return e.Server + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *ServerError) Unwrap() error { return e.Err }

// conn is a connection that carries the questions to one server: they are collected in out, sent by flush, and answered
// in their order.
type conn struct {
	net.Conn
	name    string
	timeout time.Duration // for a reply
	r       *bufio.Reader
	out     []byte
	writes  []byte // repairs, which wait for the replies to what is in out
	item    item   // the last reply
	meta    backend.MetaForm
	expires bool // md with a token is of no use: an item is replaced by one that has expired
}

func connect(ctx context.Context, s Server, timeout time.Duration) (*conn, error) {
	stream, err := s.Dial(ctx)
	if err != nil {
		return nil, failed(s.Name, err)
	}
	return &conn{Conn: stream, name: s.Name, timeout: timeout, r: bufio.NewReaderSize(stream, 64<<10)}, nil
}

func (c *conn) failed(err error) error { return failed(c.name, err) }

// failed leaves out what the name of the server says already.
func failed(server string, err error) error {
	var op *net.OpError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("it closed the connection")
	case errors.As(err, &op):
		err = op.Err
	}
	return &ServerError{server, err}
}

// longestKey is what memcached takes as a key in a command line, be it in base64.
const longestKey = 250

// askable reports whether a key can stand in a meta command: one that has to be written in base64 may be too long for that.
func askable(key []byte) bool {
	return ascii.TextKey(key) || base64.StdEncoding.EncodedLen(len(key)) < longestKey
}

// appendCommand begins a meta command: its name, the key, and whatever stands between key and flags.
func appendCommand(dst []byte, name string, key []byte, between string) []byte {
	dst = append(append(dst, name...), ' ')
	if ascii.TextKey(key) {
		return append(append(dst, key...), between...)
	}
	dst = base64.StdEncoding.AppendEncode(dst, key)
	return append(append(dst, between...), " b"...)
}

// ask asks for an item, without counting as a use of it, and for its value if need be.
func (c *conn) ask(key []byte, value bool) {
	c.out = appendCommand(c.out, "mg", key, "")
	if value {
		c.out = append(c.out, " v"...)
	}
	c.out = append(c.out, " f t c u\r\n"...)
}

// giveBack makes a stale item as it was before our question won it: the next client that asks computes it anew. With a token: if
// it still has that.
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

// piece is what has to pass within one timeout, of a value or of requests.
const piece = 64 << 10

// flush sends what was collected. The server must have been asked no more than it can answer without being read: the
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

// line reads a line, without its end. It is valid until the next one.
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

// stat asks for one number out of the server's statistics.
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
		if err := backend.Refusal(line); err != nil {
			return 0, c.failed(err)
		}
		if !bytes.HasPrefix(line, []byte("STAT ")) {
			return 0, c.failed(fmt.Errorf("it answers stats with %.100q", line))
		}
		if number, ok := bytes.CutPrefix(line, []byte("STAT "+name+" ")); ok {
			found, _ = strconv.Atoi(string(number)) // only the progress depends on it
		}
	}
}
