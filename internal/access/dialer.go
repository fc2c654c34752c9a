package access

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"magent/internal/handshake"
	"magent/internal/login"
)

// Dialer says how one server is spoken to. Its zero value is plain text without a password. It is used by any
// goroutine.
type Dialer struct {
	Login *login.File    // what a memcached is told first; nil: nothing
	TLS   *handshake.End // nil: plain text
	Name  string         // which the server's certificate has to be for; empty: the host of the address
}

// RefusedError is the error when a server was reached, but the TLS handshake or the password was in vain.
type RefusedError struct{ error }

// Unwrap returns the reason.
func (e *RefusedError) Unwrap() error { return e.error }

// Dial connects to an address of the server, makes the handshake, and says the password. Each of these two may take
// limit. Unix sockets are not encrypted.
func (d Dialer) Dial(
	ctx context.Context, dialer *net.Dialer, network, address string, limit time.Duration,
) (net.Conn, error) {
	conn, err := d.connect(ctx, dialer, network, address, limit)
	var again *handshake.ResumeError
	if errors.As(err, &again) {
		conn, err = d.connect(ctx, dialer, network, address, limit)
	}
	if err != nil {
		return nil, err
	}
	if err := d.Login.Say(ctx, conn, limit); err != nil {
		conn.Close()
		if errors.Is(err, login.ErrDenied) {
			err = &RefusedError{err}
		}
		return nil, err
	}
	return conn, nil
}

func (d Dialer) connect(
	ctx context.Context, dialer *net.Dialer, network, address string, limit time.Duration,
) (net.Conn, error) {
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil || d.TLS == nil || network == "unix" {
		return conn, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if conn, err = d.TLS.Over(ctx, conn, d.nameAt(address), address); err != nil {
		return nil, &RefusedError{err}
	}
	return conn, nil
}

// nameAt returns what a certificate has to be for at an address.
func (d Dialer) nameAt(address string) string {
	name := d.Name
	if name == "" {
		name, _, _ = net.SplitHostPort(address)
	}
	name, _, _ = strings.Cut(name, "%") // the network interface of an IPv6 address
	return name
}
