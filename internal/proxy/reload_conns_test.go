package proxy

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/backend"
	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/session"
	"magent/internal/testkit"
)

// conns returns the connections of pool 0 on a loop, all of which are ready.
func (r *rig) conns(loop int) (all []*backend.Conn) {
	r.t.Helper()
	r.eventually(loop, "connected", func(sh *session.Shard) bool {
		all = sh.Pools[0].Conns
		return !slices.ContainsFunc(all, func(c *backend.Conn) bool { return !c.Ready() })
	})
	return all
}

// another changes all pools, without an effect.
func another(pools []config.Pool) []config.Pool {
	for i := range pools {
		pools[i].ProbeInterval = time.Minute
	}
	return pools
}

// has reports whether a fake has the other end of a connection from an address.
func (f *fake) has(from string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.open {
		if c.RemoteAddr().String() == from {
			return true
		}
	}
	return false
}

// The connections of a pool that is replaced end with the reload, those on all loops.
func TestReloadClosesConnections(t *testing.T) {
	for _, threads := range []int{1, 2} {
		r := start(t, 2, 1, func(cfg *config.Config) { cfg.Threads = threads })
		var from [][]string // by loop and server: the address here
		for n := range threads {
			r.conns(n)
			r.on(n, func(sh *session.Shard) {
				var all []string
				for _, c := range sh.Pools[0].Conns {
					at, err := c.Local()
					if err != nil {
						t.Fatal(err)
					}
					all = append(all, at.String())
				}
				from = append(from, all)
			})
		}
		r.reload(another)
		for n := range threads {
			r.conns(n)
			for i, f := range r.servers {
				testkit.Until(t, "the end of a connection", func() bool { return !f.has(from[n][i]) })
			}
		}
	}
}

// While the loops stand still, no connection is made. Afterwards all are.
func TestReloadConnectsAfterwards(t *testing.T) {
	r := start(t, 2, 2, func(cfg *config.Config) { cfg.Threads = 2 })
	svc := r.svc
	change := &reload{
		svc: svc, before: svc.cfgs, rings: map[int]placement.Rings{}, origins: map[int]int{},
		moves: map[int]*placement.Migration{},
	}
	pools := another(r.pools())
	change.plan(pools)
	if err := change.prepare(pools); err != nil {
		t.Fatal(err)
	}
	change.hold()
	change.await()
	release := svc.stopTheWorld()
	change.apply()
	for _, sh := range svc.shards {
		for i, c := range sh.Pools[0].Conns {
			if !c.Connecting() || c.Endpoint() != (loop.Endpoint{}) {
				t.Errorf("server %d on loop %d: connecting: %v, to %v", i, sh.ID, c.Connecting(), c.Endpoint())
			}
		}
	}
	closing := svc.takeClosing()
	if len(closing) < len(svc.shards)*len(r.servers) {
		t.Errorf("%d connections are to be closed", len(closing))
	}
	release()
	for _, fd := range closing {
		unix.Close(fd)
	}
	for _, p := range change.probers {
		p.Close()
	}
	for _, end := range change.ends {
		end()
	}
	for n := range svc.shards {
		r.conns(n)
	}
}
