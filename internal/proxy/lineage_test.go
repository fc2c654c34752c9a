package proxy

import (
	"strings"
	"testing"

	"magent/backend/hello"
	"magent/internal/config"
	"magent/internal/placement"
	"magent/internal/session"
	"magent/internal/testkit"
)

// lineage is a reload from and to these pools (placement.Lettered). One that stands in the same place in both is the
// same pool.
func lineage(before, after [][3]string) *reload {
	return &reload{
		svc: &Service{}, before: placement.Lettered(before...), after: placement.Lettered(after...),
	}
}

// The keys of a pool are on its servers, whatever its name is.
func TestOrigin(t *testing.T) {
	for name, c := range map[string]struct {
		before, after [][3]string
		want          int // of the last pool
	}{
		"it is changed":      {[][3]string{{"x", "a", "b"}}, [][3]string{{"x", "c", "b"}}, 0},
		"all servers change": {[][3]string{{"x", "a", "b"}}, [][3]string{{"x", "c", "d"}}, 0},
		"it is new": {
			[][3]string{{"x", "a", "b"}, {}},
			[][3]string{{"x", "a", "c"}, {"y", "d", "e"}},
			-1,
		},
		"it is renamed":              {[][3]string{{"x", "a", "b"}, {}}, [][3]string{{}, {"y", "a", "b"}}, 0},
		"renamed, with a new server": {[][3]string{{"x", "a", "b"}, {}}, [][3]string{{}, {"y", "a", "c"}}, 0},
		"of two, most of one": {
			[][3]string{{"w", "a", "d"}, {"x", "b", "c"}, {}},
			[][3]string{{}, {}, {"y", "ab", "c"}},
			1,
		},
		"two change names": {
			[][3]string{{"x", "a", "b"}, {"y", "c", "d"}},
			[][3]string{{"x", "c", "d"}, {"y", "a", "b"}},
			0,
		},
		"one of another kind": {[][3]string{{"redis", "a", ""}, {}}, [][3]string{{}, {"x", "a", "b"}}, -1},
		"a part becomes a pool": {
			[][3]string{{"x", "ac", "bd"}, {}},
			[][3]string{{"x", "a", "b"}, {"y", "c", "d"}},
			0,
		},
		"another with its servers": {
			[][3]string{{"x", "a", "b"}, {}},
			[][3]string{{"x", "a", "bc"}, {"y", "a", "b"}},
			-1,
		},
	} {
		r := lineage(c.before, c.after)
		if got := r.origin(len(c.after) - 1); got != c.want {
			t.Errorf("%s: from %d, want %d", name, got, c.want)
		}
	}
}

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
