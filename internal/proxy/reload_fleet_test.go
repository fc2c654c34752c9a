package proxy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/pool"
	"magent/internal/session"
	"magent/internal/testkit"
)

// file is what the file of a member has.
func (f *fleetRig) file(i int) []config.Pool {
	cfg := f.poolOf(i)
	cfg.Listen = slices.Clone(f.svcs[i].cfgs[0].Listen)
	return []config.Pool{cfg}
}

// A member changes what does not place keys, whether it decides or hands requests on, and whichever roles it has.
// Clients stay, see no error, and nothing is lost or done twice.
func TestFleetReload(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 2)
	f.swap(2)
	f.owned("a b")
	var ended atomic.Bool
	var counters []*counter
	keys := f.keysOf(len(f.svcs))
	for i := range f.svcs {
		for g := range keys {
			counters = append(counters, f.counter(i, keys[g][i]))
		}
	}
	errs := make(chan error, len(counters))
	for _, c := range counters {
		go func() { errs <- c.run(&ended) }()
	}
	counted := func() {
		for _, c := range counters {
			c.goesOn(t, 5, errs)
		}
	}
	counted()
	for round := 1; round <= 3; round++ {
		for i, svc := range f.svcs {
			pools := f.file(i)
			pools[0].MaxValue, pools[0].ProbeInterval = 1000*round, time.Duration(round)*time.Second
			if err := svc.Reload(pools); err != nil {
				t.Fatal(err)
			}
			counted()
			r := &rig{t: t, svc: svc}
			for n := range svc.shards {
				// A group that is just changing hands follows later.
				what := fmt.Sprintf("member %d has values of %d", i, 1000*round)
				r.eventually(n, what, func(sh *session.Shard) bool {
					p := sh.Pools[0]
					return !slices.ContainsFunc(append(p.Groups, p), func(p *pool.Pool) bool {
						return p.Config.MaxValue != 1000*round || p.Limits.MaxValue != 1000*round
					})
				})
			}
			big := 2000 * round
			got := f.ask(i, fmt.Sprintf("set big 0 0 %d\r\n%s\r\n", big, strings.Repeat("x", big)))
			if got != "SERVER_ERROR object too large for cache\r\n" {
				t.Errorf("%q", got)
			}
		}
	}
	f.owned("a b") // ownership stays where it is
	ended.Store(true)
	for range counters {
		if err := testkit.Await(t, "a counter", errs); err != nil {
			t.Error(err)
		}
	}
	for n, c := range counters {
		a := f.pool.Servers[n%len(keys)]
		f.holds(a, c.key, fmt.Sprint(c.done.Load()))
		f.holds(f.pool.Backups[0], c.key, fmt.Sprint(c.done.Load()))
	}
}

// What a fleet that runs cannot change is refused, and so is what would lose keys. The error names the difference, or
// what is in the way, and nothing changes.
func TestFleetReloadIsRefused(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 2, 2)
	for want, change := range map[string]func([]config.Pool) []config.Pool{
		`one pool of memcacheds at least`: func([]config.Pool) []config.Pool { return nil },
		`among both would be lost: change one of the two lists at a time`: func(pools []config.Pool) []config.Pool {
			other := config.Address{Network: "tcp", Host: "127.0.0.1", Port: 1, Weight: 1}
			pools[0].Servers = []config.Address{other}
			other.Port = 2
			pools[0].Backups = []config.Address{other}
			return pools
		},
		`hash "unknown"`: func(pools []config.Pool) []config.Pool {
			pools[0].Hash = "unknown"
			return pools
		},
		`the pools stay as they are: b: there is no file`: func(pools []config.Pool) []config.Pool {
			pools[0].Servers = pools[0].Servers[:1]
			return pools
		},
	} {
		pools := f.file(0)
		pools[0].MaxValue = 1000
		err := f.svcs[0].Reload(change(pools))
		if err == nil || !regexp.MustCompile(want).MatchString(err.Error()) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if n := f.svcs[0].cfgs[0].MaxValue; n != 0 {
		t.Errorf("values of %d", n)
	}
	f.set("k", "v")
	f.kill(1)
	pools := f.file(0)
	pools[0].Servers = pools[0].Servers[:1]
	testkit.Until(t, "it is known who is away", func() bool {
		err := f.svcs[0].Reload(pools)
		return err != nil && strings.Contains(err.Error(), "member b is dead: wait until it is alive")
	})
	if err := f.svcs[0].Reload(f.file(0)); err != nil {
		t.Errorf("what was refused is not over: %v", err)
	}
}

// TestFleetLimitsDiffer: what a member or a loop has accepted by its own max_value is carried out by one that has a
// smaller one: members are reloaded one after the other, and the parts of a pool as well.
func TestFleetLimitsDiffer(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 2)
	const owner = 1 // of the second group; it has two loops
	r := &rig{t: t, svc: f.svcs[owner]}
	lower := func() {
		for n := range r.svc.shards {
			r.on(n, func(sh *session.Shard) {
				for _, p := range sh.Pools[0].Groups {
					p.Limits.MaxValue = 10
				}
			})
		}
	}
	keys, value := f.keysOf(20)[1], strings.Repeat("x", 100)
	for i := range f.svcs {
		for _, key := range keys {
			lower() // each time, for a part may have been replaced
			if got := f.ask(i, "set "+key+" 0 0 100\r\n"+value+"\r\n"); got != "STORED\r\n" {
				t.Fatalf("member %d, %s: %q", i, key, got)
			}
		}
	}
	f.holds(f.pool.Backups[0], keys[0], value)
}
