package health

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"magent/internal/cause"
)

// Options configure a Check.
type Options struct {
	Address string        // of the proxy: host:port, or the path of a unix socket
	Admin   string        // the admin address, in the form of Address; if set, Check asks it instead of a pool
	TLS     *tls.Config   // the pool is asked by TLS; nil: in plain text
	Login   []byte        // requests by which a client of a memcached pool authenticates; nil: none
	Redis   bool          // the proxy speaks Redis's protocol, not memcached's
	Peers   []string      // host:port on other machines; at least one must be reachable; not checked if empty
	Within  time.Duration // time limit for the whole check
}

func dial(ctx context.Context, address string) (net.Conn, error) {
	network := "tcp"
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

// secure makes a TLS handshake, if the pool is asked by TLS.
func secure(ctx context.Context, conn net.Conn, cfg *tls.Config) (net.Conn, error) {
	if cfg == nil {
		return conn, nil
	}
	t := tls.Client(conn, cfg)
	return t, t.HandshakeContext(ctx)
}

// closed reports whether the other end has ended the connection instead of an answer.
func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// speaksTLS reports whether TLS is spoken at an address. Nothing is said there, so its certificate does not matter.
func speaksTLS(ctx context.Context, address string) bool {
	conn, err := dial(ctx, address)
	if err != nil {
		return false
	}
	defer conn.Close()
	_, err = secure(ctx, conn, &tls.Config{InsecureSkipVerify: true})
	var refused *net.OpError
	return err == nil || errors.As(err, &refused) && refused.Op == "remote error" // an alert
}

// wantsCertificate reports whether the proxy wants a certificate that we do not have. It is at work, then.
func wantsCertificate(err error) bool {
	const badCertificate, unknownAuthority, required = 42, 48, 116 // RFC 8446, 6.2
	var alert *net.OpError
	if !errors.As(err, &alert) || alert.Op != "remote error" {
		return false
	}
	for _, a := range []tls.AlertError{badCertificate, unknownAuthority, required} {
		if alert.Err.Error() == a.Error() {
			return true
		}
	}
	return false
}

// reason returns err as one line that starts with the proxy's address.
func reason(address string, err error) error {
	return fmt.Errorf("%s: %w", address, cause.Of(err))
}
