package admin

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// listener lets as many connections in as there may be.
type listener struct {
	net.Listener
	s     *Server
	conns atomic.Int64
}

// Accept closes those that are too many.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.conns.Add(1) <= maxConns {
			return &conn{Conn: c, s: l.s}, nil
		}
		l.leave()
		c.Close()
	}
}

// leave counts a connection out.
func (l *listener) leave() { l.conns.Add(-1) }

// conn is a connection of which it is not known yet whether it speaks HTTP. The first read finds out: whoever does not is
// answered with the silent page, and net/http sees the end.
type conn struct {
	net.Conn
	s     *Server
	known bool
	begun []byte // what was read to find out, and not passed on yet
}

// Read is net.Conn's, for net/http.
func (c *conn) Read(b []byte) (int, error) {
	if !c.known {
		c.known = true
		if c.s.opt.Silent != nil && !c.isHTTP() {
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
