package proxy

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/stats"
	"magent/internal/testkit"
)

// startAsking is a service that asks its servers what they store, all the time.
func startAsking(t *testing.T, servers ...*fake) *rig {
	t.Helper()
	cfg := named(servers[0], 2)
	p := &cfg.Pools[0]
	p.Name, p.Servers, p.ProbeInterval = "main", nil, time.Hour
	for _, f := range servers {
		p.Servers = append(p.Servers, f.addr)
	}
	svc, err := Start(Options{Config: cfg, Log: zerolog.Nop(), Version: "test", StoredEvery: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(svc.Close)
	return &rig{t: t, svc: svc, servers: servers}
}

func (c *client) awaitMaxBytes(want string) {
	c.t.Helper()
	testkit.Eventually(c.t, "limit_maxbytes is "+want, func() error {
		if got := c.stats("")["limit_maxbytes"]; got != want {
			return fmt.Errorf("it is %q", got)
		}
		return nil
	})
}

// stats has sums over servers. One that does not answer delays no request and is not taken out of use for that; its
// last figures count on, as do those of one that is gone. A server that was removed counts no more.
func TestStoredFigures(t *testing.T) {
	t.Parallel()
	f, g := newFake(t, 0), newFake(t, 1)
	f.stored.Store(64)
	g.stored.Store(36)
	for _, server := range []*fake{f, g} {
		server.answers(func(string) string { return miss })
	}
	r := startAsking(t, f, g)
	c := r.client()
	c.awaitMaxBytes("100")
	f.stored.Store(164)
	c.awaitMaxBytes("200")
	f.greet.Lock() // it does not answer to stats any more
	answers := sync.OnceFunc(f.greet.Unlock)
	t.Cleanup(answers)
	g.stored.Store(37)
	c.awaitMaxBytes("201") // it was asked after the first one, which was given up
	r.eventually(0, "both are used", func(sh *session.Shard) bool {
		return sh.Pools[0].Health.Usable(0) && sh.Pools[0].Health.Usable(1)
	})
	c.say("get a\r\n")
	c.hear(miss)
	answers()
	g.leave()
	c.awaitMaxBytes("201")
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].Servers = pools[0].Servers[:1]
		return pools
	})
	c.awaitMaxBytes("164")
}

// A backup that cannot hold what the primaries can is named in the log, once, and in stats.
func TestBackupIsTooSmall(t *testing.T) {
	t.Parallel()
	p, q, b := newFake(t, 0), newFake(t, 1), newFake(t, 2)
	cfg := named(p, 1)
	pool := &cfg.Pools[0]
	pool.Servers, pool.Backups = []config.Address{p.addr, q.addr}, []config.Address{b.addr}
	pool.ProbeInterval = time.Hour
	p.stored.Store(64 << 20)
	q.stored.Store(64 << 20)
	b.stored.Store(64 << 20)
	var log testkit.Output
	svc, err := Start(Options{
		Config: cfg, Log: zerolog.New(&log), Version: "test", StoredEvery: 10 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(svc.Close)
	const told = `"limit_mb":64,"needed_mb":128`
	testkit.Until(t, "the log says so", func() bool { return strings.Contains(log.String(), told) })
	c := (&rig{t: t, svc: svc}).client()
	if got := c.stats("servers")["server:2:needed_bytes"]; got != "134217728" {
		t.Errorf("needed_bytes %q", got)
	}
	b.stored.Store(128 << 20)
	testkit.Until(t, "it has been asked again", func() bool {
		return c.stats("servers")["server:2:limit_maxbytes"] == "134217728"
	})
	if n := strings.Count(log.String(), told); n != 1 {
		t.Errorf("%d lines:\n%s", n, log.String())
	}
}

// Without an answer there are no figures.
func TestStoredFiguresOfNobody(t *testing.T) {
	f := newFake(t, 0)
	f.stored.Store(0)
	r := startAsking(t, f)
	r.eventually(0, "it was asked", func(sh *session.Shard) bool { return sh.Pools[0].Stored[0].Asked > 0 })
	if got, found := r.client().stats("")["limit_maxbytes"]; found {
		t.Errorf("limit_maxbytes is %q", got)
	}
}

// A server that no client has asked anything is checked when it is asked what it stores. One that does not answer
// then, or is gone, has failed. One that is probed in vain fails again each time, for the same reason.
func TestLastCheck(t *testing.T) {
	t.Parallel()
	f, backup := newFake(t, 0), newFake(t, 1)
	f.stored.Store(64)
	backup.stored.Store(64)
	cfg := named(f, 2)
	cfg.Pools[0].Servers, cfg.Pools[0].Backups = []config.Address{f.addr}, []config.Address{backup.addr}
	svc, err := Start(Options{Config: cfg, Log: zerolog.Nop(), Version: "test", StoredEvery: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(svc.Close)
	check := func() (stats.Check, string) {
		_, s, err := svc.Figures(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s.Servers[0].Check, s.Servers[0].State
	}
	await := func(result, state string) {
		t.Helper()
		first := int64(0) // by the clock of the loop: the time of one check is not the same to the microsecond
		testkit.Eventually(t, "checks go on for a second: "+result, func() error {
			c, is := check()
			if c.Result() != result || is != state {
				return fmt.Errorf("%s: %+v", is, c)
			}
			if first == 0 {
				first = c.At
			}
			if c.At < first+1e6 {
				return fmt.Errorf("%d, and the first one %d", c.At, first)
			}
			return nil
		})
	}
	await("ok", "up")
	f.greet.Lock() // it does not answer to stats any more
	answers := sync.OnceFunc(f.greet.Unlock)
	t.Cleanup(answers)
	await("no reply in time", "up")
	answers()
	await("ok", "up")
	f.leave()
	await("connection refused", "ejected")
	c := (&rig{t: t, svc: svc}).client()
	if got := c.stats("servers"); got["server:0:last_check"] != "connection refused" ||
		got["server:0:last_check_age"] == "" || got["server:0:since"] == "" {
		t.Errorf("stats servers: %v", got)
	}
}
