package proxy

import (
	"strings"
	"testing"

	"magent/backend/hello"
	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// A pool gets its first backup. That is not read before it is filled, and what it holds is doubted, even if nobody has
// reached the primary yet: it may have keys of an earlier time. The primary is read as it is.
func TestFirstBackupIsDoubted(t *testing.T) {
	for _, reached := range []bool{true, false} {
		r := startAs(t, 10, 1, 0, func(cfg *config.Config) {
			cfg.Threads = 2
			if reached {
				return
			}
			gone, err := config.ParseAddress(testkit.DeadAddr(t))
			if err != nil {
				t.Fatal(err)
			}
			cfg.Pools[0].Servers = []config.Address{gone}
		}, hello.FullMeta)
		for id := range 2 {
			r.eventually(id, "connected, or not", func(sh *session.Shard) bool {
				return sh.Pools[0].Health.Reached(0) == reached && sh.Pools[0].Health.Usable(0) == reached
			})
		}
		other := newFake(t, 1)
		other.greet.Lock()
		defer other.greet.Unlock()
		r.reload(func(pools []config.Pool) []config.Pool {
			pools[0].Backups = []config.Address{other.addr}
			return pools
		})
		for id := range 2 {
			r.on(id, func(sh *session.Shard) {
				p := sh.Pools[0]
				if p.Health.Readable(0) != reached || p.Engine.Missed(0) {
					t.Error("the primary is not read as it is")
				}
				if p.Health.Readable(1) || !p.Engine.Distrusted(1) {
					t.Error("the backup is taken as it is")
				}
			})
		}
	}
}

// A server whose keys belong to another pool is not cleansed for this one.
func TestSharedServerIsRefused(t *testing.T) {
	r := start(t, 2, 0, nil)
	one, two := r.servers[0].addr, r.servers[1].addr
	cross := func(pools []config.Pool, backups bool) []config.Pool {
		x, y := pools[0], pools[0]
		y.Name, y.Listen = "second", []config.Listen{{Network: "tcp", Address: testkit.DeadAddr(t), Backlog: 5}}
		x.Servers, y.Servers = []config.Address{one}, []config.Address{two}
		if backups {
			x.Backups, y.Backups = y.Servers, x.Servers
		}
		return []config.Pool{x, y}
	}
	r.reload(func(pools []config.Pool) []config.Pool { return cross(pools, false) })
	err := r.svc.Reload(cross(r.pools(), true))
	if err == nil || !strings.Contains(err.Error(), "give this pool a server of its own") ||
		!strings.Contains(err.Error(), two.String()) {
		t.Errorf("got %v", err)
	}
	other := newFake(t, 2)
	r.reload(func(pools []config.Pool) []config.Pool { // two pools have the same pair in the end
		pools[0].Servers, pools[0].Backups = []config.Address{two}, []config.Address{other.addr}
		pools[1].Backups = []config.Address{other.addr}
		return pools
	})
}
