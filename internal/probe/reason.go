package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"magent/backend"
	"magent/backend/hello"
	"magent/internal/access"
	"magent/internal/redis"
)

// refusal returns why a server that was reached cannot be used; nil: for another reason.
func refusal(err error) error {
	var refused *access.RefusedError
	if errors.As(err, &refused) {
		return refused.Unwrap()
	}
	if said := redis.ErrorReply(err); said != "" {
		return &hello.NotReady{Text: said}
	}
	return nil
}

// Reason puts why a server could not be asked into the words by which loops say it. The result has no address.
func Reason(err error) error {
	var errno syscall.Errno
	var network *net.OpError
	var timeout net.Error
	var name *net.DNSError
	switch {
	case refusal(err) != nil:
		return refusal(err)
	case errors.As(err, &name):
		return name
	case errors.As(err, &network) && network.Op == "dial" && network.Timeout():
		return backend.ErrConnect
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return backend.ErrTimeout
	case errors.As(err, &errno):
		return errno
	case errors.Is(err, io.EOF):
		return backend.ErrClosed
	case strings.HasPrefix(err.Error(), "memcache: unexpected"):
		return backend.ErrGarbage
	}
	return err
}
