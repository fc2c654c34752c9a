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

// cluster is everything that is measured, on loopback. Both proxies are in front of the same memcacheds. The
// backups, and the magent that uses them, run only if a row needs them.
type cluster struct {
	dir        string   // logs and configuration, removed at the end
	addrs      []string // loopback addresses not in use yet
	children   []*child
	primaries  []*child
	nutcracker *child
	magent     *child
	replicated *child // magent with a backup for each primary, or nil
	hot        *child // magent that keeps values in memory, or nil
	base       *child // an older magent, or nil
	redis      redisCluster
}

// startCluster starts all servers. What was started is stopped again if something fails.
func startCluster(ctx context.Context, o runOptions) (_ *cluster, err error) {
	for _, program := range []string{"memcached", "nutcracker"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%s is missing: `make deps` installs it (%w)", program, err)
		}
	}
	if _, err := exec.LookPath(o.magent); err != nil {
		return nil, fmt.Errorf("-magent %s: %w; `make build` makes bin/magent", o.magent, err)
	}
	dir, err := os.MkdirTemp("", "magent-bench-")
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, redis: redisCluster{timeout: 10_000}}
	defer func() {
		if err != nil {
			c.stop()
		}
	}()
	// There are two backups, and five proxies with a port for stats. Redis has two servers, and three proxies.
	if c.addrs, err = freeAddrs(o.servers + 2 + 5*2 + 2 + 3*2); err != nil {
		return nil, err
	}
	for i := range o.servers {
		m, err := c.memcached(ctx, fmt.Sprintf("memcached-%d", i+1))
		if err != nil {
			return nil, err
		}
		c.primaries = append(c.primaries, m)
	}
	if c.nutcracker, err = c.twemproxy(ctx, "nutcracker"); err != nil {
		return nil, err
	}
	if c.magent, err = c.proxy(ctx, o.magent, "magent", nil); err != nil {
		return nil, err
	}
	if o.base != "" {
		if c.base, err = c.proxy(ctx, o.base, "magent-base", nil); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(o.rows, func(r row) bool { return r.backups }) {
		if err = c.startReplicated(ctx, o.magent); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(o.rows, func(r row) bool { return r.hot }) {
		if c.hot, err = c.proxy(ctx, o.magent, "magent-hot", nil, "--hot-cache", "64m"); err != nil {
			return nil, err
		}
	}
	err = c.startRedis(ctx, o)
	return c, err
}

func (c *cluster) startReplicated(ctx context.Context, program string) error {
	var backups []*child
	for i := range 2 {
		m, err := c.memcached(ctx, fmt.Sprintf("backup-%d", i+1))
		if err != nil {
			return err
		}
		backups = append(backups, m)
	}
	var err error
	c.replicated, err = c.proxy(ctx, program, "magent-replicated", backups)
	return err
}

// stop ends all children, the proxies before the memcacheds, and removes the directory.
func (c *cluster) stop() {
	stopAll(c.children)
	_ = os.RemoveAll(c.dir)
}

// alive returns an error if one of the servers has ended.
func (c *cluster) alive() error {
	for _, ch := range c.children {
		if err := ch.alive(); err != nil {
			return err
		}
	}
	return nil
}

// take returns an address that is not used yet.
func (c *cluster) take() string {
	addr := c.addrs[0]
	c.addrs = c.addrs[1:]
	return addr
}

func (c *cluster) start(ctx context.Context, name, addr, program string, args ...string) (*child, error) {
	ch, err := startChild(ctx, c.dir, name, addr, program, args...)
	if err == nil {
		c.children = append(c.children, ch)
	}
	return ch, err
}

// memcached starts a memcached with one thread: a proxy with one connection per server could not use a second one.
func (c *cluster) memcached(ctx context.Context, name string) (*child, error) {
	addr := c.take()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	return c.start(ctx, name, addr, "memcached",
		"-l", host, "-p", port, "-U", "0", "-u", "root", "-t", "1", "-m", "512", "-c", "4096")
}

// proxy starts magent or a second nutcracker, whichever the program is. If nutcracker is measured against itself, the
// ratio shows the noise.
func (c *cluster) proxy(ctx context.Context, program, name string, backups []*child, more ...string) (*child, error) {
	if isNutcracker(program) {
		return c.twemproxy(ctx, name)
	}
	addr := c.take()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	args := append([]string{"-l", host, "-p", port}, more...)
	for _, m := range c.primaries {
		args = append(args, "-s", m.addr)
	}
	for _, m := range backups {
		args = append(args, "-b", m.addr)
	}
	return c.start(ctx, name, addr, program, args...)
}

func isNutcracker(program string) bool { return filepath.Base(program) == "nutcracker" }

// twemproxy starts a nutcracker with its default hash, ketama, and its other defaults.
func (c *cluster) twemproxy(ctx context.Context, name string) (*child, error) {
	addr := c.take()
	var b strings.Builder
	fmt.Fprintf(&b, "bench:\n  listen: %s\n  hash: fnv1a_64\n  distribution: ketama\n", addr)
	b.WriteString("  timeout: 10000\n  preconnect: true\n  auto_eject_hosts: false\n  servers:\n")
	for i, m := range c.primaries {
		fmt.Fprintf(&b, "   - %s:1 server%d\n", m.addr, i+1)
	}
	config := filepath.Join(c.dir, name+".yml")
	if err := os.WriteFile(config, []byte(b.String()), 0o600); err != nil {
		return nil, err
	}
	return c.startNutcracker(ctx, name, addr, "nutcracker", config)
}

func (c *cluster) startNutcracker(ctx context.Context, name, addr, program, config string) (*child, error) {
	host, port, err := net.SplitHostPort(c.take()) // of its stats
	if err != nil {
		return nil, err
	}
	return c.start(ctx, name, addr, program, "-c", config, "-a", host, "-s", port,
		"-p", filepath.Join(c.dir, name+".pid"), "-o", filepath.Join(c.dir, name+".out"))
}
