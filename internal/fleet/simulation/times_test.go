package simulation

import (
	"slices"
	"testing"
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/view"
)

// quietly founds a fleet in a network without noise, and waits until its groups are at home.
func quietly(seed uint64, p plan) *world {
	w := newWorldOf(seed, false, &p)
	w.noise = noise{}
	w.run(6 * time.Second)
	return w
}

// until goes on until something is so, and says how long that took.
func (w *world) until(limit time.Duration, is func() bool) time.Duration {
	began := w.now
	for w.now-began < limit && w.check.found == "" && !is() {
		w.run(ms)
	}
	return w.now - began
}

// served tells whether a group is served by somebody else.
func (w *world) served(group string, not *node) bool {
	for _, n := range w.nodes {
		if n == not || !n.up || n.paused {
			continue
		}
		if s := n.engine.groups[group]; s != nil && s.ready && !s.ceding {
			return true
		}
	}
	return false
}

// TestTimes: how long a group is without an owner, as far as the core is concerned: the time until the copies have
// been compared, too.
func TestTimes(t *testing.T) {
	three := plan{3, false, 2, core.AloneProven}
	two := plan{2, false, 2, core.AloneProven}
	for _, c := range []struct {
		name   string
		plan   plan
		strike func(w *world, n *node)
		limit  time.Duration // of the contract, or less
		slow   time.Duration // each write takes so long
	}{
		{"killed", three, func(_ *world, n *node) { n.kill(false) }, 150 * ms, 0},
		{"killed, of two", two, func(_ *world, n *node) { n.kill(false) }, 300 * ms, 0},
		{"leaving", three, func(_ *world, n *node) { n.core.Leave(n.local()); n.drain() }, 100 * ms, 0},
		{"leaving, of two", two, func(_ *world, n *node) { n.core.Leave(n.local()); n.drain() }, 100 * ms, 0},
		{"host silent", three, func(w *world, n *node) {
			w.isolate(n.id, []int{0, 1, 2, 100, 101}, true, true, true)
			n.pause(time.Minute)
		}, 3 * time.Second, 0},
		{"stopped", three, func(_ *world, n *node) { n.pause(time.Minute) }, 3 * time.Second, 0},
		// With slow disks: a vote, the first entry of a term, and the view are written one after the other.
		{"killed, slow", three, func(_ *world, n *node) { n.kill(false) }, 700 * ms, 150 * ms},
		{"leaving, slow", three, func(_ *world, n *node) { n.core.Leave(n.local()); n.drain() }, 700 * ms, 150 * ms},
	} {
		var took []time.Duration
		for seed := range uint64(50) {
			w := quietly(seed, c.plan)
			n := w.nodes[0]
			if epoch, ok := n.core.Owns("p"); !ok || !n.engine.groups["p"].ready || w.check.found != "" {
				t.Fatalf("%s, seed %d: p is not at home: epoch %d, %s", c.name, seed, epoch, w.check.found)
			}
			w.run(w.between(0, 100*ms))
			w.noise.slow = c.slow
			c.strike(w, n)
			w.until(10*time.Second, func() bool { // who leaves serves for a while yet
				s := n.engine.groups["p"]
				return !n.up || n.paused || s == nil || !s.ready || s.ceding || c.limit > time.Second
			})
			took = append(took, w.until(10*time.Second, func() bool { return w.served("p", n) }))
			if w.check.found != "" {
				t.Errorf("%s, seed %d: %s", c.name, seed, w.check.found)
			}
		}
		slices.Sort(took)
		t.Logf("%-16s median %v, worst %v", c.name, took[len(took)/2], took[len(took)-1])
		if worst := took[len(took)-1]; worst > c.limit {
			t.Errorf("%s: %v, more than %v", c.name, worst, c.limit)
		}
	}
}

// A process that has ceded and ends, as at an upgrade, is followed by another one with its state directory. That is
// in the view before the next tick, so that its clients are served.
func TestReplaced(t *testing.T) {
	late := 0
	for seed := range uint64(60) {
		w := quietly(seed, plan{3, false, 2, core.AloneProven})
		for _, n := range []*node{w.nodes[seed%3], nil} {
			if n == nil { // whoever leads by now, with a group or without
				n = w.nodes[slices.IndexFunc(w.nodes, func(n *node) bool { return n.core.Leader() })]
			}
			w.run(w.between(0, 100*ms))
			n.core.Cede(n.local())
			n.drain()
			if w.until(time.Second, n.core.Ceded); w.check.found != "" {
				t.Fatalf("seed %d: %s", seed, w.check.found)
			}
			w.run(10 * ms) // the next process begins
			n.kill(false)
			n.start()
			took := w.until(time.Second, n.core.In)
			if took >= tick { // a message was decided by raft just then
				late++
			}
			if took >= 2*tick || w.check.found != "" {
				t.Errorf("seed %d: in the view after %v; %s", seed, took, w.check.found)
			}
			w.run(2 * time.Second)
		}
	}
	if late > 3 {
		t.Errorf("%d of 120 had to wait for the next tick", late)
	}
}

// A member that cedes hands over soon, gets nothing back, and stays in the view. With nobody else it decides again.
// When it goes on after all, it gets back what it is the home of.
func TestCede(t *testing.T) {
	var took []time.Duration
	for seed := range uint64(50) {
		w := quietly(seed, plan{3, seed%2 == 0, 2, core.AloneProven})
		for range 3 {
			w.client()
		}
		w.run(time.Second)
		a, b := w.nodes[0], w.nodes[1]
		a.core.Cede(a.local())
		a.drain()
		took = append(took, w.until(5*time.Second, func() bool { return w.served("p", a) }))
		w.run(5 * time.Second) // its home is well for long enough to get the group back
		if _, owns := a.core.Owns("p"); owns || !w.served("p", a) || !a.core.Joined() || w.check.found != "" {
			t.Fatalf("seed %d: it owns the group: %v, is in the view: %v, %s", seed, owns, a.core.Joined(),
				w.check.found)
		}
		if seed%2 == 0 { // with a witness there are two, and it has to take over what nobody else can
			b.kill(false)
			if since := w.until(5*time.Second, func() bool { return w.served("p", b) }); since >= 5*time.Second {
				t.Errorf("seed %d: nobody serves", seed)
			}
		}
		if seed%2 == 1 {
			a.core.Resume(a.local())
			a.drain()
			w.until(5*time.Second, func() bool {
				_, owns := a.core.Owns("p")
				return owns && w.served("p", nil)
			})
			if _, owns := a.core.Owns("p"); !owns {
				t.Errorf("seed %d: it gets nothing back", seed)
			}
		}
		if w.check.found != "" {
			t.Errorf("seed %d: %s", seed, w.check.found)
		}
	}
	slices.Sort(took)
	t.Logf("median %v, worst %v", took[len(took)/2], took[len(took)-1])
	if worst := took[len(took)-1]; worst > 300*ms {
		t.Errorf("a planned move took %v", worst)
	}
}

// Members that all cede wait for nobody: nobody else can own what they have.
func TestAllCede(t *testing.T) {
	for seed := range uint64(20) {
		w := quietly(seed, plan{3, false, 2, core.AloneProven})
		for _, n := range w.nodes {
			n.core.Cede(n.local())
			n.drain()
		}
		all := func() bool {
			return !slices.ContainsFunc(w.nodes, func(n *node) bool { return !n.core.Ceded() })
		}
		if took := w.until(time.Second, all); !all() || w.check.found != "" {
			t.Errorf("seed %d: some wait after %v: %s", seed, took, w.check.found)
		}
		w.run(time.Second)
		if !w.served("p", nil) || !w.served("q", nil) || w.check.found != "" {
			t.Errorf("seed %d: nobody serves any more: %s", seed, w.check.found)
		}
	}
}

// When one member dies, the others go on with what they own.
func TestOtherDies(t *testing.T) {
	for seed := range uint64(20) {
		w := quietly(seed, plan{3, false, 2, core.AloneProven})
		for range 3 {
			w.client()
		}
		w.run(time.Second)
		a, b, c := w.nodes[0], w.nodes[1], w.nodes[2]
		c.kill(false)
		w.run(3 * time.Second)
		if a.core.Life()+b.core.Life() > 0 || !w.served("p", b) || !w.served("q", a) || w.check.found != "" {
			t.Errorf("seed %d: lives %d and %d, %s", seed, a.core.Life(), b.core.Life(), w.check.found)
		}
	}
}

// A member that is cut off from the others stops within 0.9 of a lease, and says so.
func TestCutOff(t *testing.T) {
	for seed := range uint64(20) {
		w := quietly(seed, plan{3, false, 2, core.AloneProven})
		n := w.nodes[0]
		w.isolate(n.id, []int{0, 1, 2}, true, true, true)
		took := w.until(5*time.Second, func() bool { _, ok := n.core.Owns("p"); return !ok })
		if took > 1100*ms { // 0.9 s by its own clock, and a tick
			t.Errorf("seed %d: it stops after %v", seed, took)
		}
		w.run(2 * time.Second)
		w.isolate(n.id, []int{0, 1, 2}, true, true, false)
		if took := w.until(8*time.Second, w.calm); took >= 8*time.Second || w.check.found != "" {
			t.Errorf("seed %d: it is not back after %v: %s", seed, took, w.check.found)
		}
	}
}

// Who was put out of the view forgets the connections that it knew of, and is told again. It has missed which of them
// are gone. Else it would tell others of those, and the next owner would wait for them.
func TestPutOutForgetsConnections(t *testing.T) {
	for seed := range uint64(20) {
		w := quietly(seed, plan{3, false, 2, core.AloneProven})
		for range 3 {
			w.client()
		}
		w.run(time.Second)
		a, all := w.nodes[0], []int{0, 1, 2, 100, 101}
		old, before := a.engine.conns["s0"].record, a.core.Incarnation()
		if !a.core.Knows(old) {
			t.Fatalf("seed %d: %v is not known", seed, old)
		}
		w.isolate(a.id, all, true, true, true)
		w.run(4 * time.Second)
		w.isolate(a.id, all, true, true, false)
		w.until(8*time.Second, func() bool { return a.core.Incarnation() != before })
		if a.core.Incarnation() == before || a.core.Knows(old) || w.check.found != "" {
			t.Errorf("seed %d: put out %v, knows %v, %s", seed, a.core.Incarnation() != before, a.core.Knows(old),
				w.check.found)
		}
	}
}

// With --fleet-alone always both of two go on, and write what the other does not know of. When they meet one gives in,
// and the keys of all groups are compared.
func TestBothAlone(t *testing.T) {
	differed := 0
	for seed := range uint64(40) {
		w := quietly(seed, plan{2, false, 2, core.AloneAlways})
		for range 10 {
			w.client()
		}
		w.isolate(0, []int{0, 1}, true, true, true)
		w.check.lenient = true // both decide: promises 1 and 3 are void until they have met
		w.run(6 * time.Second)
		for _, n := range w.nodes {
			if _, ok := n.core.Owns("p"); !ok {
				t.Errorf("seed %d: %s does not go on", seed, n)
			}
		}
		// What one of them writes reaches one copy.
		w.isolate(int(seed%2), []int{100 + int(seed/2%2)}, true, true, true)
		w.run(time.Second)
		w.ending = true
		w.run(time.Second)
		w.isolate(int(seed%2), []int{100, 101}, true, true, false)
		differed += w.differing()
		w.isolate(0, []int{0, 1}, true, true, false)
		if took := w.until(8*time.Second, w.calm); took >= 8*time.Second {
			t.Errorf("seed %d: they do not come together: %v and %v",
				seed, viewText(w.nodes[0].core.View()), viewText(w.nodes[1].core.View()))
		}
		w.run(4 * time.Second)
		w.check.lenient = false
		if w.check.quiet(); w.check.found != "" {
			t.Errorf("seed %d: %s", seed, w.check.found)
		}
	}
	if differed == 0 {
		t.Error("the copies have never differed when they met")
	}
}

// differing counts the keys whose copies differ.
func (w *world) differing() (n int) {
	for _, key := range allKeys {
		if w.servers[0].data[key] != w.servers[1].data[key] {
			n++
		}
	}
	return n
}

// A member with other pools is refused on both sides, with the difference named.
func TestOtherPools(t *testing.T) {
	w := newWorldOf(1, false, &plan{3, false, 2, core.AloneProven})
	w.noise = noise{}
	c := w.nodes[2]
	c.cfg.Pools = []byte("others")
	w.run(6 * time.Second)
	if c.core.Joined() || !w.nodes[0].core.Joined() || len(c.refusals) == 0 {
		t.Fatalf("joined %v, refused %q", c.core.Joined(), c.refusals)
	}
	want := `c cannot join: c has other pools: only they have "others", and they lack "pools"`
	told := slices.Contains(w.nodes[0].refusals, want) || slices.Contains(w.nodes[1].refusals, want)
	if c.refusals[0] != want || !told {
		t.Errorf("%q, %q, %q", c.refusals, w.nodes[0].refusals, w.nodes[1].refusals)
	}
}

// All members are restarted with other pools, one after the other or all at once; one may stay away. Those that have
// them wait for the last one with the old ones, which serves. Then the fleet has them, with the groups that they have.
func TestRestartsWithOtherPools(t *testing.T) {
	for _, how := range []string{"leave", "are killed", "are killed, one stays away"} {
		for seed := range uint64(20) {
			w := newWorldOf(seed, false, &plan{3, seed%2 == 0, 2, core.AloneProven})
			w.noise = noise{}
			both := w.nodes[0].cfg.Groups
			for _, n := range w.nodes {
				n.cfg.Groups = both[:1]
			}
			w.run(6 * time.Second)
			begun := w.nodes[0].core.View()
			if !w.served("p", nil) || begun.Group("q") != nil {
				t.Fatalf("%s, seed %d: it does not begin: %s", how, seed, viewText(begun))
			}
			for i, n := range w.nodes {
				if how != "leave" {
					n.kill(false)
					continue
				}
				n.core.Leave(n.local())
				n.drain()
				w.until(5*time.Second, func() bool { return n.gone })
				n.kill(false)
				n.renew(both)
				if w.run(3 * time.Second); i == 0 && (!w.served("p", n) || n.core.Joined()) {
					t.Fatalf("%s, seed %d: others serve: %v, it has joined: %v", how, seed, w.served("p", n),
						n.core.Joined())
				}
			}
			for i, n := range w.nodes {
				if how == "are killed" || how != "leave" && i != 1 { // a witness comes back, too
					n.renew(both)
				}
			}
			w.until(10*time.Second, func() bool { return w.served("p", nil) && w.served("q", nil) })
			v := w.nodes[0].core.View()
			if !w.served("p", nil) || !w.served("q", nil) || string(v.Pools) != "others" {
				t.Errorf("%s, seed %d: the view is %s with %q", how, seed, viewText(v), v.Pools)
			}
			if how == "leave" && v.Generation != begun.Generation {
				t.Errorf("%s, seed %d: somebody went on alone, though all are there: %s", how, seed, viewText(v))
			}
			if w.check.found != "" {
				t.Errorf("%s, seed %d: %s", how, seed, w.check.found)
			}
		}
	}
}

// renew starts a process with other pools.
func (n *node) renew(groups []view.Group) {
	if n.cfg.Groups = groups; n.cfg.Pools != nil {
		n.cfg.Pools = []byte("others")
	}
	n.start()
}

// Versions N and N-1 work together: the view has the rules that all know. One that is older is refused.
func TestMixedVersions(t *testing.T) {
	w := newWorldOf(1, false, &plan{3, false, 2, core.AloneProven})
	w.noise = noise{}
	w.nodes[1].cfg.Newest = 2
	w.run(6 * time.Second)
	if v := w.nodes[0].core.View(); v.Version != 1 || !w.calm() {
		t.Errorf("version %d, %s", v.Version, v.String())
	}
}
