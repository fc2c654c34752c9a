package probe

import (
	"context"
	"net"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"magent/internal/login"
	"magent/internal/loop"
	"magent/internal/redis"
)

// Memcached returns the Ping of a memcached: gomemcache's Ping, which sends the command version. The server is told a
// user and a password before, if there is a file with them.
func Memcached(told *login.File) Ping {
	return func(ctx context.Context, at loop.Endpoint, timeout time.Duration) error {
		return pingMemcached(ctx, at, timeout, told)
	}
}

func pingMemcached(ctx context.Context, at loop.Endpoint, timeout time.Duration, told *login.File) error {
	var server memcache.ServerList
	if err := server.SetServers(at.String()); err != nil {
		return err
	}
	c := memcache.NewFromSelector(&server)
	defer c.Close()
	c.Timeout = timeout
	c.DialContext = func(_ context.Context, network, address string) (net.Conn, error) {
		return told.Dial(ctx, &net.Dialer{Timeout: timeout}, network, address, timeout)
	}
	return c.Ping()
}

// Redis returns the Ping of a Redis server: PING, after AUTH if password is not empty. A server that is still loading
// its data, or has lost its master, is not ready.
func Redis(password string) Ping {
	return func(ctx context.Context, at loop.Endpoint, timeout time.Duration) error {
		return redis.Ping(ctx, at.Network(), at.String(), password, timeout)
	}
}
