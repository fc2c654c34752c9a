package proxy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/owner"
	"magent/internal/placement"
	"magent/internal/session"
	"magent/internal/testkit"
)

// files are those of the members. A member reloads one at a time.
type files struct {
	f     *fleetRig
	mu    []sync.Mutex
	pools []config.Pool         // by member
	redis map[int][]config.Pool // likewise: what else is in the file, most of them of Redis
}

// withFiles gives each member a file that has its pools.
func (f *fleetRig) withFiles() *files {
	all := &files{f: f, mu: make([]sync.Mutex, len(f.svcs)), redis: map[int][]config.Pool{}}
	for i := range f.svcs {
		all.pools = append(all.pools, f.file(i)[0])
	}
	f.read = all.reload
	return all
}

func (a *files) reload(i int) (err error) {
	a.mu[i].Lock()
	defer a.mu[i].Unlock()
	for deadline := time.Now().Add(testkit.Patience); time.Now().Before(deadline); {
		err = a.f.svcs[i].Reload(append([]config.Pool{a.pools[i]}, a.redis[i]...))
		if err == nil || !mayRepeat(err) {
			return err
		}
	}
	return err
}

// mayRepeat reports whether a change was refused because one before it has not ended, or because the machine was too
// busy. Members wait for each other for a while only, and copies are compared when a lease was lost.
func mayRepeat(err error) bool {
	reasons := []string{": try again", "has not ended within", "lost the right", "wait until it is up"}
	return slices.ContainsFunc(reasons, func(why string) bool { return strings.Contains(err.Error(), why) })
}

// undecided has member 0 ready to go over to the pools of a file. Its reload has ended, and nothing is decided. The
// caller has locked its mutex: it may be about to read its file.
func (a *files) undecided(file []config.Pool) *owner.Turn {
	a.f.t.Helper()
	svc := a.f.svcs[0]
	turn, err := svc.member.Plan(svc.cfgs, file)
	if err != nil {
		a.f.t.Fatal(err)
	}
	coming := svc.newReload(file)
	if err := coming.prepare(file); err != nil {
		a.f.t.Fatal(err)
	}
	svc.turn, svc.bound = turn, coming.bound
	return turn
}

// goOver has all members do what was undecided, and calls then. This one has not followed yet.
func (a *files) goOver(turn *owner.Turn, file []config.Pool, then func()) {
	a.f.t.Helper()
	svc := a.f.svcs[0]
	for deadline := time.Now().Add(testkit.Patience); ; turn = a.undecided(file) {
		err := svc.member.GoOver(turn, then)
		switch {
		case err == nil:
			return
		case !mayRepeat(err) || time.Now().After(deadline):
			a.f.t.Fatal(err)
		}
		a.f.t.Logf("once more: %v", err)
		for errors.Is(svc.Follow(), owner.ErrPending) && time.Now().Before(deadline) {
			time.Sleep(holdPoll)
		}
	}
}

// write has all files place keys as a pool does.
func (a *files) write(p config.Pool) {
	for i := range a.pools {
		of := &p
		if a.f.swapped[i] {
			of = placement.Exchanged(&p)
		}
		a.mu[i].Lock()
		a.pools[i].Servers, a.pools[i].Backups, a.pools[i].Hash = of.Servers, of.Backups, of.Hash
		a.mu[i].Unlock()
	}
}

// more starts a memcached that is in no pool yet.
func (f *fleetRig) more() config.Address {
	port := testkit.ReservePort(f.t)
	f.servers = append(f.servers, memcachedAt(f.t, port))
	return config.Address{Network: "tcp", Host: "127.0.0.1", Port: port, Weight: 1}
}

// stored waits until each key has its value where a pool places it.
func (f *fleetRig) stored(p *config.Pool, key, value string) {
	rings, err := placement.New(p)
	if err != nil {
		f.t.Fatal(err)
	}
	f.holds(p.Servers[rings.Share([]byte(key))], key, value)
	f.holds(p.Backups[rings.Backups.Pick(rings.Hash([]byte(key)))], key, value)
}

// allRepaired waits until all servers are up, and have what they have missed, as far as their owners know.
func (f *fleetRig) allRepaired(p *config.Pool) {
	testkit.Until(f.t, "all servers are repaired", func() bool {
		var bad atomic.Int64
		var owners atomic.Int64
		for _, svc := range f.svcs {
			svc.onAll(func(sh *session.Shard) {
				whole := sh.Pools[0]
				for _, g := range append(slices.Clip(whole.Groups), whole) {
					if g.Term() == nil || g.Term().Over() {
						continue
					}
					owners.Add(1)
					for n := range g.Conns {
						if !g.Health.Usable(n) || g.Engine.Missed(n) {
							bad.Add(1)
						}
					}
				}
			})
		}
		return bad.Load() == 0 && owners.Load() >= int64(len(p.Servers))
	})
}

// All members place keys in another way, whichever of them was told to reload, while clients of all of them count. No
// client sees an error, an older value, or a miss. One member has primaries and backups the other way round.
func TestFleetGoesOver(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 2)
	f.swap(2)
	f.owned("a b")
	all := f.withFiles()
	var ended atomic.Bool
	var counters []*counter
	for i := range f.svcs {
		for n := range 6 {
			counters = append(counters, f.counter(i, fmt.Sprintf("%d-counted-%d", n, i)))
		}
	}
	errs := make(chan error, len(counters))
	for _, c := range counters {
		go func() { errs <- c.run(&ended) }()
	}
	p := f.pool
	first := p
	heavy := func(a config.Address) config.Address { a.Weight = 4; return a }
	for n, step := range []struct {
		what   string
		change func()
	}{
		{"a primary is added", func() { p.Servers = append(slices.Clip(p.Servers), f.more()) }},
		{"another weight", func() { p.Servers = append([]config.Address{heavy(p.Servers[0])}, p.Servers[1:]...) }},
		{"a dead primary is replaced", func() {
			f.servers[1].Kill()
			for _, c := range counters {
				c.goesOn(t, 2, errs)
			}
			p.Servers = []config.Address{p.Servers[0], f.more(), p.Servers[2]}
		}},
		{"a backup is added", func() { p.Backups = append(slices.Clip(p.Backups), f.more()) }},
		{"one primary is left", func() { p.Servers = p.Servers[:1] }},
		{"there are several again", func() { p.Servers = []config.Address{first.Servers[0], f.more()} }},
		{"the backups as at first", func() { p.Backups = first.Backups }},
	} {
		f.allRepaired(&p)
		step.change()
		all.write(p)
		began := time.Now()
		if err := all.reload(n % len(f.svcs)); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		t.Logf("%s: %v", step.what, time.Since(began))
		for _, c := range counters {
			c.goesOn(t, 5, errs)
		}
		if len(errs) > 0 {
			t.Fatalf("%s: %v", step.what, <-errs)
		}
	}
	f.allRepaired(&p)
	ended.Store(true)
	for range counters {
		if err := testkit.Await(t, "a counter", errs); err != nil {
			t.Error(err)
		}
	}
	for _, c := range counters {
		f.stored(&p, c.key, fmt.Sprint(c.done.Load()))
	}
}

// None of the members changes if one of them has another file, and the reason names it, and the line.
func TestFleetDoesNotGoOver(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 2)
	all := f.withFiles()
	p := f.pool
	p.Servers = append(slices.Clip(p.Servers), f.more())
	all.write(p)
	all.pools[1].Servers = f.pool.Servers
	err := all.reload(0)
	want := fmt.Sprintf(`b: the file of b has other pools: they lack "primary %s of main`, p.Servers[2])
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	for i, svc := range f.svcs {
		all.mu[i].Lock() // it may still read its file
		if n := len(svc.cfgs[0].Servers); n != 2 {
			t.Errorf("member %d has %d primaries", i, n)
		}
		all.mu[i].Unlock()
	}
	f.set("k", "v")
	all.write(p)
	if err := all.reload(1); err != nil {
		t.Error(err)
	}
	f.set("k", "v")
	f.stored(&p, "k", "v")
}
