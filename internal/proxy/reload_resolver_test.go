package proxy

import (
	"context"
	"fmt"
	"net/netip"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/testkit"
)

// What looks up the names of servers ends with the last pool that has them, over many reloads: no goroutine is left,
// and no name is looked up for nothing. What another pool still has goes on.
func TestReloadEndsResolvers(t *testing.T) {
	f := newFake(t, 0)
	f.memory()
	cfg := named(f, 2)
	cfg.Pools[0].Name = "main"
	other := cfg.Pools[0]
	other.Name, other.Listen = "other",
		[]config.Listen{{Network: "unix", Address: t.TempDir() + "/s", Backlog: 5, Mode: 0o600}}
	cfg.Pools = append(cfg.Pools, other)
	cfg.ResolveInterval = time.Hour
	r := startNamed(t, cfg, func(context.Context, string, string) ([]netip.Addr, error) {
		return addrs("127.0.0.1"), nil
	})
	for n := range 50 {
		r.reload(func(pools []config.Pool) []config.Pool {
			pools[0].Servers[0].Host = fmt.Sprintf("cache%d.test", n)
			pools[0].ConnectTimeout = testkit.Patience + time.Duration(n)
			return pools
		})
	}
	resolvers(t, 2) // one for each of two names
	c := r.client()
	c.say("set k 0 0 1\r\nx\r\n")
	c.hear("STORED\r\n")
	r.reload(func(pools []config.Pool) []config.Pool { // the same name in both pools again, and then in one
		pools[0].Servers[0].Host = "cache.test"
		pools[0].ConnectTimeout = testkit.Patience
		return pools
	})
	r.reload(func(pools []config.Pool) []config.Pool { return pools[:1] })
	resolvers(t, 1)
	c.say("get k\r\n")
	c.hear("VALUE k 0 1\r\nx\r\nEND\r\n")
}

// resolvers waits until so many goroutines look up names: the last one may not have begun yet.
func resolvers(t *testing.T, want int) {
	t.Helper()
	testkit.Eventually(t, "goroutines look up names", func() error {
		if n := goroutines("discover.(*resolver).run("); n != want {
			return fmt.Errorf("%d of them, want %d", n, want)
		}
		return nil
	})
}

// goroutines counts those that are in a function.
func goroutines(function string) (n int) {
	var b strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&b, 2)
	for _, stack := range strings.Split(b.String(), "\n\n") {
		if strings.Contains(stack, function) {
			n++
		}
	}
	return n
}
