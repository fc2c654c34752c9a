package health

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Options configure a Check.
type Options struct {
	Address string        // of the proxy: host:port, or the path of a unix socket
	Admin   string        // the admin address, in the form of Address; if set, Check asks it instead of a pool
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

// reason returns err as one line that starts with the proxy's address.
func reason(address string, err error) error {
	var op *net.OpError
	switch {
	case isTimeout(err):
		err = errors.New("no answer in time")
	case errors.As(err, &op):
		err = op.Err
	}
	return fmt.Errorf("%s: %w", address, err)
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout() || errors.Is(err, context.DeadlineExceeded)
}
