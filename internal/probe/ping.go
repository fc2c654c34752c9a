package probe

import (
	"context"
	"net"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"magent/internal/access"
	"magent/internal/loop"
	"magent/internal/redis"
)

// Memcached returns the Ping of a memcached: gomemcache's Ping, which sends the command version. to says how
// the server is spoken to.
func Memcached(to access.Dialer) Ping {
	return func(ctx context.Context, at loop.Endpoint, timeout time.Duration) error {
		return pingMemcached(ctx, at, timeout, to)
	}
}

func pingMemcached(ctx context.Context, at loop.Endpoint, timeout time.Duration, to access.Dialer) error {
	var server memcache.ServerList
	if err := server.SetServers(at.String()); err != nil {
		return err
	}
	c := memcache.NewFromSelector(&server)
	defer c.Close()
	c.Timeout = timeout
	c.DialContext = func(_ context.Context, network, address string) (net.Conn, error) {
		return to.Dial(ctx, &net.Dialer{Timeout: timeout}, network, address, timeout)
	}
	return c.Ping()
}

// Redis returns the Ping of a Redis server: PING, after AUTH if password is not empty. A server that is still loading
// its data, or has lost its master, is not ready.
func Redis(to access.Dialer, password string) Ping {
	return func(ctx context.Context, at loop.Endpoint, timeout time.Duration) error {
		return redis.Ping(ctx, to.Dial, at.Network(), at.String(), password, timeout)
	}
}
