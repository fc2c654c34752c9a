package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// redisCluster is used for the rows about Redis: the two proxies in front of the same two servers.
type redisCluster struct {
	servers            []*child
	nutcracker, magent *child
	base               *child // an older magent, or nil
	timeout            int    // of the proxies, in milliseconds
}

// startRedis starts the redisCluster, if a row needs it.
func (c *cluster) startRedis(ctx context.Context, o runOptions) error {
	if !slices.ContainsFunc(o.rows, func(r row) bool { return r.load.redis }) {
		return nil
	}
	if _, err := exec.LookPath("redis-server"); err != nil {
		return fmt.Errorf("redis-server is missing: `make deps` installs it (%w)", err)
	}
	var err error
	for i := range 2 {
		var s *child
		if s, err = c.redisServer(ctx, fmt.Sprintf("redis-%d", i+1)); err != nil {
			return err
		}
		c.redis.servers = append(c.redis.servers, s)
	}
	if c.redis.nutcracker, err = c.redisProxy(ctx, "nutcracker", "redis-nutcracker"); err != nil {
		return err
	}
	if c.redis.magent, err = c.redisProxy(ctx, o.magent, "redis-magent"); err == nil && o.base != "" {
		c.redis.base, err = c.redisProxy(ctx, o.base, "redis-base")
	}
	return err
}

func (c *cluster) redisServer(ctx context.Context, name string) (*child, error) {
	addr := c.take()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	return c.start(ctx, name, addr, "redis-server", "--bind", host, "--port", port, "--save", "", "--dir", c.dir)
}

// redisProxy starts nutcracker or magent. Both read the same file, but magent may have more connections for clients
// that wait.
func (c *cluster) redisProxy(ctx context.Context, program, name string) (*child, error) {
	addr := c.take()
	var b strings.Builder
	fmt.Fprintf(&b, "bench:\n  listen: %s\n  redis: true\n  hash: fnv1a_64\n  distribution: ketama\n", addr)
	b.WriteString("  preconnect: true\n  auto_eject_hosts: false\n")
	fmt.Fprintf(&b, "  timeout: %d\n  servers:\n", c.redis.timeout)
	for i, s := range c.redis.servers {
		fmt.Fprintf(&b, "   - %s:1 server%d\n", s.addr, i+1)
	}
	if name == "redis-magent" && !isNutcracker(program) {
		b.WriteString("  dedicated_connections: 2000\n")
	}
	config := filepath.Join(c.dir, name+".yml")
	if err := os.WriteFile(config, []byte(b.String()), 0o600); err != nil {
		return nil, err
	}
	if isNutcracker(program) {
		return c.startNutcracker(ctx, name, addr, program, config)
	}
	return c.start(ctx, name, addr, program, "-c", config)
}
