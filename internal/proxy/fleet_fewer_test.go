package proxy

import (
	"slices"
	"sync/atomic"
	"testing"

	"magent/internal/session"
	"magent/internal/testkit"
)

// wellMade says which pools of a loop have other connections than their configuration has servers.
func wellMade(t *testing.T, sh *session.Shard) {
	for i, p := range sh.Pools {
		if p == nil {
			continue
		}
		if n := len(p.Config.Servers) + len(p.Config.Backups); len(p.Conns) != n {
			t.Errorf("pool %d, %s, has %d connections for %d servers", i, p.Name, len(p.Conns), n)
		}
	}
}

// A pool may get fewer servers, or have one primary instead of several. At any moment each part has a connection for
// each server of its configuration: some look servers up by these, as figures do, and who follows a server's name.
func TestFleetWithFewerServers(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 2, 3)
	all := f.withFiles()
	var ended atomic.Bool
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		for !ended.Load() {
			for _, svc := range f.svcs {
				svc.found("any", nil, nil)
				svc.onAll(func(sh *session.Shard) {
					wellMade(t, sh)
					sh.Snapshot()
				})
			}
		}
	}()
	p := f.pool
	for n, primaries := range []int{2, 1, 3, 2, 1} {
		f.allRepaired(&p)
		p.Servers = f.pool.Servers[:primaries]
		all.write(p)
		if err := all.reload(n % len(f.svcs)); err != nil {
			t.Fatalf("%d primaries: %v", primaries, err)
		}
		f.set("k", "v")
		f.stored(&p, "k", "v")
		testkit.Until(t, "the pools that clients are with have the new servers", func() bool {
			var old atomic.Int64
			for _, svc := range f.svcs {
				svc.onAll(func(sh *session.Shard) {
					whole := sh.Pools[0]
					if len(whole.Groups) > 1 && !slices.Equal(whole.Config.Servers, p.Servers) {
						old.Add(1)
					}
				})
			}
			return old.Load() == 0
		})
	}
	ended.Store(true)
	<-looked
}

// What loops know of servers is told of those that the pool has, if the fleet has gone over to other ones than this
// member has learned yet.
func TestFleetServersAreThoseOfThePool(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 1, 1)
	f.set("k", "v") // by now it decides
	svc := f.svcs[0]
	release := svc.stopTheWorld()
	known := svc.cfgs[0]
	for range 2 { // more than there are, then fewer
		other := *known
		other.Backups = append(slices.Clip(other.Backups), other.Backups...)
		if svc.cfgs[0] != known {
			other.Backups = nil
		}
		svc.cfgs[0] = &other
		release()
		servers := svc.serversOf(0)
		if len(servers) != 2 || servers[1].Address != known.Backups[0].String() {
			t.Errorf("%+v", servers)
		}
		release = svc.stopTheWorld()
	}
	svc.cfgs[0] = known
	release()
}
