package admin

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// listener lets as many connections in as there may be. Each says first what it wants. For a probe (/livez, /readyz) that is
// enough; whatever else takes one of the places, of which there are fewer: so nobody who asks for pages, or says nothing,
// keeps the process from being found alive.
type listener struct {
	net.Listener
	s     *Server
	open  atomic.Int64 // connections
	conns atomic.Int64 // of these, those that have a place
}

// Accept closes those that are too many.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= maxOpen {
			return &conn{Conn: c, s: l.s}, nil
		}
		l.open.Add(-1)
		c.Close()
	}
}

// enter takes a place for a connection, if there is one.
func (l *listener) enter(c *conn) bool {
	if l.conns.Add(1) > maxConns {
		l.conns.Add(-1)
		return false
	}
	c.placed = true
	return true
}

// leave counts a connection out.
func (l *listener) leave(c *conn) {
	if c.placed {
		l.conns.Add(-1)
	}
	l.open.Add(-1)
}

// conn is a connection of which it is not known yet whether it speaks HTTP. The first read finds out: whoever does not is
// answered with the silent page, and net/http sees the end.
type conn struct {
	net.Conn
	s      *Server
	known  bool
	placed bool   // it has a place
	begun  []byte // what was read to find out, and not passed on yet
}

// Read is net.Conn's, for net/http.
func (c *conn) Read(b []byte) (int, error) {
	if !c.known {
		c.known = true
		speaks := c.isHTTP()
		switch {
		case c.isProbe():
			_ = c.SetReadDeadline(time.Now().Add(probeTime))
		case !c.s.ln.enter(c):
			return 0, io.EOF
		case c.s.opt.Silent != nil && !speaks:
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

// isHTTP tells by the first four bytes, if they come soon.
func (c *conn) isHTTP() bool {
	_ = c.SetReadDeadline(time.Now().Add(silence))
	start := make([]byte, 4096) // all that is there: a connection that is closed with input in it is reset
	n, _ := io.ReadAtLeast(c.Conn, start, 4)
	c.begun = start[:n]
	_ = c.SetReadDeadline(time.Now().Add(answerTime))
	switch string(start[:4]) {
	case "GET ", "HEAD", "POST", "PUT ", "DELE", "OPTI", "PATC":
		return true
	}
	return false
}

// isProbe tells by the request line, if that has come in one piece: who asks for nothing but whether the process can serve.
func (c *conn) isProbe() bool {
	line, _, whole := bytes.Cut(c.begun, []byte("\r\n"))
	words := bytes.Fields(line)
	if !whole || len(words) != 3 || string(words[0]) != "GET" && string(words[0]) != "HEAD" {
		return false
	}
	path, _, _ := bytes.Cut(words[1], []byte("?"))
	return string(path) == "/livez" || string(path) == "/readyz"
}

// answerSilence sends the bare page.
func (c *conn) answerSilence() {
	ctx, cancel := context.WithTimeout(c.s.ctx, answerTime)
	defer cancel()
	text, err := c.s.opt.Silent(ctx)
	if err != nil {
		return // there is no way to say so but the end
	}
	_ = c.SetWriteDeadline(time.Now().Add(answerTime))
	_, _ = c.Write(text)
}
