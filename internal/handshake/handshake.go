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

	"magent/internal/loop"
)

// Limit is how long a handshake may take.
const Limit = 5 * time.Second

// ErrLate is the error when the other end does not go on with a handshake.
var ErrLate = fmt.Errorf("the TLS handshake was not done within %v", Limit)

// Server makes the server's part of a handshake. fd is a connected, non-blocking socket; it stays the caller's. Nobody
// else may read or write it meanwhile.
func Server(ctx context.Context, fd int, cfg *tls.Config) (*loop.Seal, tls.ConnectionState, error) {
	return do(ctx, fd, cfg, false)
}

// Client is Server for the client's part. cfg has the name of the server.
func Client(ctx context.Context, fd int, cfg *tls.Config) (*loop.Seal, tls.ConnectionState, error) {
	return do(ctx, fd, cfg, true)
}

func do(ctx context.Context, fd int, cfg *tls.Config, client bool) (
	k *loop.Seal, state tls.ConnectionState, err error,
) {
	twin, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, state, fmt.Errorf("no descriptor for a TLS handshake: %w", err)
	}
	conn := &socket{File: os.NewFile(uintptr(twin), "socket")}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	own := cfg.Clone()
	own.KeyLogWriter = &conn.keys
	conn.keys.resumable(own, cfg)
	t := tls.Server(conn, own)
	if client {
		t = tls.Client(conn, own)
	}
	if err := t.HandshakeContext(ctx); err != nil {
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = ErrLate
		}
		if !client {
			conn.linger(fd)
		}
		return nil, state, err
	}
	state = t.ConnectionState()
	k, err = conn.seal(&state, client)
	return k, state, err
}
