package backend

import (
	"errors"

	"golang.org/x/sys/unix"

	"magent/internal/handshake"
	"magent/internal/loop"
)

// secure begins a TLS handshake on a connected socket. The loop does not look at the socket meanwhile.
func (c *Conn) secure() {
	twin, err := unix.FcntlInt(uintptr(c.s.FD()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		c.next(err)
		return
	}
	c.s.Pause()
	c.shaking.number++
	c.shaking.cancel = c.opt.Securer.Secure(c, twin, c.shaking.number)
}

// Secured is the Securer's answer: what seals the connection, or why there is nothing. It is ignored if the attempt to
// connect has ended meanwhile.
func (c *Conn) Secured(number uint64, seal *loop.Seal, err error) {
	if number != c.shaking.number || c.shaking.cancel == nil {
		return
	}
	c.shaking.end()
	if err == nil {
		err = c.s.Secure(seal, loop.Writable, c)
	}
	var again *handshake.ResumeError
	switch {
	case errors.As(err, &again):
		c.route.left = append([]loop.Endpoint{c.route.now}, c.route.left...)
		c.next(again.Unwrap())
	case err != nil:
		c.next(err)
	default:
		c.meet()
	}
	c.settled()
}
