package backend

import (
	"errors"
	"io"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/loop"
)

// Govern has a connection that is down ask a Permit, and a Dialer where its server is. The kernel goes on sending for
// userTimeout what is not acknowledged.
func (c *Conn) Govern(p Permit, d Dialer, userTimeout time.Duration) {
	c.opt.Permit, c.opt.Dialer, c.opt.UserTimeout = p, d, userTimeout
}

// may reports whether requests may be written now.
func (c *Conn) may() bool { return c.opt.Permit == nil || c.opt.Permit.May() }

// ended tells the Permit what became of an announced connection.
func (c *Conn) ended(gone bool) {
	if c.announced {
		c.announced = false
		c.opt.Permit.Ended(c, c.local, gone)
	}
}

// leftNothing reports whether a connection that ended with err, while requests were in flight or not, has left nothing
// at the server. A server that closes, or resets, reads no more.
func leftNothing(err error, inFlight bool) bool {
	return !inFlight || errors.Is(err, ErrClosed) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE)
}

// hungUp reports whether an error of a read is that the server has closed the connection; within a record of TLS, too.
func hungUp(err error) bool { return loop.IsEOF(err) || errors.Is(err, io.ErrUnexpectedEOF) }

// resetAtClose has the kernel send a reset when the socket is closed, and leave nothing behind on this side.
func resetAtClose(fd int) {
	_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
}
