package loop

import "net"

// tlsConn is a connection beside the loops that speaks TLS by a Seal.
type tlsConn struct {
	net.Conn
	seal *Seal
	raw  []byte // what has come and is not opened yet: a part of a record
	in   []byte // opened, and not read yet
	err  error  // what comes behind that
}

// NewTLSConn returns a connection on which everything is sealed from the next byte on. It takes conn over. At most one
// goroutine at a time may read or write; any may close it.
func NewTLSConn(conn net.Conn, seal *Seal) net.Conn { return &tlsConn{Conn: conn, seal: seal} }

// Read is that of net.Conn.
func (c *tlsConn) Read(b []byte) (n int, err error) {
	for len(c.in) == 0 && c.err == nil {
		if err := c.receive(); err != nil {
			return 0, err
		}
	}
	if len(c.in) == 0 && len(b) > 0 {
		return 0, c.err
	}
	n = copy(b, c.in)
	c.in = c.in[n:]
	return n, nil
}

// receive reads once, and opens what is complete.
func (c *tlsConn) receive() error {
	have := len(c.raw)
	c.raw = append(c.raw, make([]byte, maxTLSRecord)...)
	n, err := c.Conn.Read(c.raw[have:])
	c.raw = c.raw[:have+n]
	if n == 0 {
		return err
	}
	c.in = make([]byte, len(c.raw))
	opened, rest, err := c.seal.open(c.in, c.raw)
	c.in, c.err = c.in[:opened], err
	c.raw = append(c.raw[:0], rest...)
	return nil
}

// Write is that of net.Conn. A part of b is a whole message, or not.
func (c *tlsConn) Write(b []byte) (n int, err error) {
	out, err := c.seal.end(c.seal.write(nil, b))
	if err != nil {
		return 0, err
	}
	c.seal.loosen()
	if _, err = c.Conn.Write(c.seal.nudge(out)); err != nil {
		return 0, err
	}
	return len(b), nil
}
