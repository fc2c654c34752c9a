package pool

import (
	"magent/backend"
	"magent/internal/access"
	"magent/internal/loop"
)

// securer is a backend.Securer.
type securer struct {
	l  *loop.Loop
	by *access.Handshakes
	to access.Dialer
}

// Secure implements backend.Securer.
func (s *securer) Secure(c *backend.Conn, fd int, number uint64) (cancel func()) {
	return s.by.Begin(s.to, fd, c.Endpoint(), func(seal *loop.Seal, err error) {
		s.l.Post(loop.TaskFunc(func() { c.Secured(number, seal, err) }))
	})
}
