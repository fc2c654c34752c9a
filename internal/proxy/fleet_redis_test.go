package proxy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// redisPool is a pool of Redis servers, none of which is there.
func redisPool(t *testing.T, name string, servers int) config.Pool {
	at := fmt.Sprintf("127.0.0.1:%d", testkit.ReservePort(t)) // listeners go with their addresses
	p := config.Pool{
		Name: name, Redis: true, Listen: []config.Listen{{Network: "tcp", Address: at, Backlog: 64}},
		Hash: "md5", Distribution: "ketama", Timeout: testkit.Patience, ConnectTimeout: testkit.Patience,
	}
	for range servers {
		port := testkit.ReservePort(t)
		p.Servers = append(p.Servers, config.Address{Network: "tcp", Host: "127.0.0.1", Port: port, Weight: 1})
	}
	return p
}

// serves checks that all pools of a file are where clients are sent, and are spoken to by their protocol.
func (a *files) serves(i int) {
	t, svc := a.f.t, a.f.svcs[i]
	t.Helper()
	a.mu[i].Lock() // it may be about to read its file once more
	defer a.mu[i].Unlock()
	for _, want := range append([]config.Pool{a.pools[i]}, a.redis[i]...) {
		at := slices.IndexFunc(svc.cfgs, func(cfg *config.Pool) bool { return cfg != nil && cfg.Name == want.Name })
		if at < 0 || svc.cfgs[at].Redis != want.Redis {
			t.Fatalf("%s is not there", want.Name)
		}
		svc.onAll(func(sh *session.Shard) {
			for n, p := range sh.Pools {
				switch cfg := svc.cfgs[n]; {
				case p == nil && cfg == nil:
				case p == nil || cfg == nil || p.Name != cfg.Name || p.Config.Redis != cfg.Redis || p.Index != n:
					t.Errorf("at %d is another pool than is listed there", n)
				}
			}
		})
		c := newClient(t, testkit.Dial(t, "tcp", svc.AddrsOf(at)[0]))
		ask, answer := "mn\r\n", "MN\r\n"
		if want.Redis {
			ask, answer = "NOSUCH\r\n", "-ERR unknown command"
		}
		_ = c.c.SetDeadline(time.Now().Add(testkit.Patience))
		c.say(ask)
		if line, _ := c.r.ReadString('\n'); !strings.HasPrefix(line, answer) {
			t.Errorf("%s answers %q", want.Name, line)
		}
		c.c.Close()
	}
}

// A member may have pools of Redis servers that others have not, and change them. They and the groups that pools are
// split into later have places of their own.
func TestFleetAddsRedisAndGroups(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 2, 2)
	all := f.withFiles()
	p := f.pool
	for _, step := range []struct {
		what   string
		change func()
	}{
		{"a pool of Redis servers", func() { all.redis[0] = append(all.redis[0], redisPool(t, "r", 3)) }},
		{"a primary", func() { p.Servers = append(slices.Clip(p.Servers), f.more()) }},
		{"another one, and another pool", func() {
			p.Servers = append(slices.Clip(p.Servers), f.more())
			all.redis[0] = append(all.redis[0], redisPool(t, "s", 1))
		}},
		{"a pool that changes", func() { all.redis[0][0].Servers = all.redis[0][0].Servers[1:] }},
		{"a pool less", func() { all.redis[0] = all.redis[0][1:] }},
		{"a backup, and a pool again", func() {
			p.Backups = append(slices.Clip(p.Backups), f.more())
			all.redis[0] = append(all.redis[0], redisPool(t, "r", 1))
		}},
	} {
		f.allRepaired(&p)
		all.mu[0].Lock()
		step.change()
		all.mu[0].Unlock()
		all.write(p)
		if err := all.reload(0); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		all.serves(0)
		all.serves(1)
		f.set("k", "v")
		f.stored(&p, "k", "v")
	}
}
