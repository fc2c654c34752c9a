// Package handshake makes TLS handshakes with crypto/tls, beside the loops, on sockets that loops go on with. What it
// returns seals and opens the records behind the handshake (loop.NewTLS).
package handshake

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/cause"
	"magent/internal/loop"
)

// Limit is how long a handshake may take.
const Limit = 5 * time.Second

// ErrLate is the error when the other end does not go on with a handshake.
var ErrLate = fmt.Errorf("the TLS handshake was not done within %v", Limit)

// Server makes the server's part of a handshake. fd is a connected, non-blocking socket; it stays the caller's. Nobody
// else may read or write it meanwhile.
func Server(ctx context.Context, fd int, cfg *tls.Config) (*loop.Seal, tls.ConnectionState, error) {
	conn, err := duplicate(fd)
	if err != nil {
		return nil, tls.ConnectionState{}, err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	own := cfg.Clone()
	own.KeyLogWriter = &conn.keys
	conn.keys.resumable(own, cfg)
	t := tls.Server(conn, own)
	if err := t.HandshakeContext(ctx); err != nil {
		if isLate(ctx, err) {
			err = ErrLate
		}
		conn.linger(fd)
		return nil, tls.ConnectionState{}, cause.OfClient(err)
	}
	state := t.ConnectionState()
	k, err := conn.seal(&state, nil)
	return k, state, err
}

// duplicate returns a duplicate of a socket.
func duplicate(fd int) (*socket, error) {
	twin, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("no descriptor for a TLS handshake: %w", err)
	}
	return &socket{File: os.NewFile(uintptr(twin), "socket")}, nil
}

// isLate reports whether a handshake has failed because its time was up.
func isLate(ctx context.Context, err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded)
}
