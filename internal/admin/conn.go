package admin

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// The limits of a Server.
const (
	maxConns   = 32                     // connections that send no probe; more are closed after their first bytes
	maxOpen    = 512                    // all connections; more are closed at once
	probeTime  = time.Second            // for the rest of a probe's request to arrive
	maxHeader  = 16 << 10               // the size of a request's header, in bytes
	silence    = 250 * time.Millisecond // a connection that has sent nothing for so long gets the page for silence
	lateness   = 10 * time.Millisecond  // to read what has arrived, when silence is over
	answerTime = 5 * time.Second        // for a request to arrive, and for its answer to be made and fetched
)

// listener limits the number of connections. There are two limits: maxOpen for all connections, and a smaller one,
// maxConns, for those that do not send a probe (/livez, /readyz). So connections that ask for other pages, or send
// nothing, cannot keep probes from being answered.
type listener struct {
	net.Listener
	ctx     context.Context                       // the context of all requests
	silent  func(context.Context) ([]byte, error) // see Options
	silence time.Duration                         // see Options; not 0
	open    atomic.Int64                          // the number of connections
	conns   atomic.Int64                          // the number of those that count for maxConns
}

// Accept accepts connections, and closes those beyond maxOpen.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= maxOpen {
			return &conn{Conn: c, l: l}, nil
		}
		l.open.Add(-1)
		c.Close()
	}
}

// enter counts c for maxConns. It returns false if there are too many.
func (l *listener) enter(c *conn) bool {
	if l.conns.Add(1) > maxConns {
		l.conns.Add(-1)
		return false
	}
	c.placed = true
	return true
}

// leave ends the counting of c, which is closed.
func (l *listener) leave(c *conn) {
	if c.placed {
		l.conns.Add(-1)
	}
	l.open.Add(-1)
}

// conn is a connection that may or may not speak HTTP. Its first Read finds out. If it does not, conn answers it with
// the page for silence, and net/http gets the end of the connection.
type conn struct {
	net.Conn
	l      *listener
	known  bool   // the first Read was called
	placed bool   // it counts for maxConns
	begun  []byte // the bytes that were read to find out, and are not passed on yet
}

// Read implements net.Conn. net/http calls it.
func (c *conn) Read(b []byte) (int, error) {
	if !c.known {
		c.known = true
		speaks := c.isHTTP()
		switch {
		case c.isProbe():
			_ = c.SetReadDeadline(time.Now().Add(probeTime))
		case !c.l.enter(c):
			return 0, io.EOF
		case c.l.silent != nil && !speaks:
			c.answerSilence()
			return 0, io.EOF
		}
	}
	if len(c.begun) > 0 {
		n := copy(b, c.begun)
		c.begun = c.begun[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}

// isHTTP reports whether the connection sends an HTTP method within the time silence.
func (c *conn) isHTTP() bool {
	_ = c.SetReadDeadline(time.Now().Add(c.l.silence))
	start := make([]byte, 4096) // a connection that is closed with unread input would be reset, so read all of it
	n, err := io.ReadAtLeast(c.Conn, start, 4)
	if errors.Is(err, os.ErrDeadlineExceeded) { // if this process was held up, the bytes may have been there in time
		_ = c.SetReadDeadline(time.Now().Add(lateness))
		late, _ := io.ReadAtLeast(c.Conn, start[n:], 4-n)
		n += late
	}
	c.begun = start[:n]
	_ = c.SetReadDeadline(time.Now().Add(answerTime))
	switch string(start[:4]) {
	case "GET ", "HEAD", "POST", "PUT ", "DELE", "OPTI", "PATC":
		return true
	}
	return false
}

// isProbe reports whether the request is for /livez or /readyz. The request line must have arrived in one piece.
func (c *conn) isProbe() bool {
	line, _, whole := bytes.Cut(c.begun, []byte("\r\n"))
	words := bytes.Fields(line)
	if !whole || len(words) != 3 || string(words[0]) != "GET" && string(words[0]) != "HEAD" {
		return false
	}
	path, _, _ := bytes.Cut(words[1], []byte("?"))
	return string(path) == "/livez" || string(path) == "/readyz"
}

// answerSilence sends the page for silence.
func (c *conn) answerSilence() {
	ctx, cancel := context.WithTimeout(c.l.ctx, answerTime)
	defer cancel()
	text, err := c.l.silent(ctx)
	if err != nil {
		return // without HTTP there is no way to report the error
	}
	_ = c.SetWriteDeadline(time.Now().Add(answerTime))
	_, _ = c.Write(text)
}
