package simulation

import (
	"slices"
	"testing"
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/view"
)

// The pools change while a fleet runs, and while things fail. By the other pools some keys belong to the other group,
// so that another server leads for them, and the groups have other homes. Each member asks its file when another one
// wants other pools. What is looked at besides all other promises: nothing is sent for a group that the key does not
// belong to (I10), and nobody waits for pools of its own while the view has a change to others.

// otherPools are what the pools change to. The file of b has their primaries and backups the other way round.
const otherPools = view.PoolLine + "other\n" + view.ServerLine + "s0\n" + view.BackupLine + "s1\n"

// groupsBy are the groups by what places keys.
func (w *world) groupsBy(pools string) []view.Group {
	switch {
	case w.plan.groups == 1:
		return []view.Group{{Name: "p"}, {Name: "q"}}
	case pools == "pools":
		return []view.Group{{Name: "p", Home: "a"}, {Name: "q", Home: "b"}}
	}
	return []view.Group{{Name: "q", Home: "a"}, {Name: "p", Home: "b"}}
}

// groupOf is the group of a key for this process.
func (n *node) groupOf(key string) string {
	if n.pools == "pools" || key[1] != '1' {
		return key[:1]
	}
	return map[byte]string{'p': "q", 'q': "p"}[key[0]]
}

// keysOf are the keys of a group for this process.
func (n *node) keysOf(group string) []string {
	return slices.DeleteFunc(slices.Clone(allKeys), func(key string) bool { return n.groupOf(key) != group })
}

// reload has all members get another file, perhaps, and some of them read it at some time. Sometimes one of them has
// another file than the others.
func (w *world) reload() {
	if w.rng.IntN(3) > 0 {
		return
	}
	if w.nodes[0].file == "pools" {
		w.write(otherPools)
	} else {
		w.write("pools")
	}
	if w.rng.IntN(4) == 0 {
		w.nodes[w.rng.IntN(len(w.nodes))].file = "third"
	}
	for range 1 + w.rng.IntN(2) {
		w.tell(w.nodes[w.rng.IntN(len(w.nodes))], w.between(0, 300*ms))
	}
}

// write gives all members a file.
func (w *world) write(file string) {
	for _, n := range w.nodes {
		if n.file = file; n.cfg.Name == "b" {
			n.file = view.Exchanged(file)
		}
	}
}

// tell has a member read its file after a time.
func (w *world) tell(n *node, after time.Duration) {
	w.after(after, func() { n.do(n.process, func() { n.wish(0) }) })
}

// same tells whether pools are those of a member's file, perhaps in other roles.
func (n *node) same(pools string) bool { return view.SamePools([]byte(pools), []byte(n.file)) }

// wish says that this member is ready for what its file has. asked is the change that another one wants; 0: none.
func (n *node) wish(asked uint64) {
	if n.cfg.Pools == nil || n.same(n.pools) || n.core.Changing() {
		return
	}
	n.joins, n.wants = asked, n.file
	if asked > 0 {
		n.wants = string(n.core.View().Change.Pools) // in these roles
	}
	n.w.log("%s wants %q", n, n.wants)
	n.core.Prepare(n.local(), []byte(n.wants), n.w.groupsBy(n.wants), asked)
	n.drain()
	process := n.process
	n.w.after(2*time.Second, func() {
		n.do(process, func() {
			if n.core.Changing() {
				n.core.Abandon(n.local(), "it takes too long")
				n.drain()
			}
		})
	})
}

// follow is what a view means for a change of the pools.
func (n *node) follow(v view.View) {
	in := v.Has(n.cfg.Name, n.core.Incarnation())
	// A member that is put out in the same breath has gone over all the same.
	if n.cfg.Pools != nil && string(v.Pools) != n.pools && (in || string(n.core.Pools()) == string(v.Pools)) {
		n.w.log("%s goes over to %q", n, v.Pools)
		n.w.check.turned++
		n.pools = string(v.Pools)
	}
	if !in || n.cfg.Pools == nil {
		n.resume()
		return
	}
	if n.joins > 0 && v.Epoch > n.joins && (v.Change == nil || v.Change.Since != n.joins) && n.core.Changing() {
		n.w.check.violated("%s wants other pools although the change that it was asked for is over", n)
	}
	if v.Change != nil && n.core.Changing() && string(v.Change.Pools) != n.wants {
		n.w.check.violated("%s wants %q while the view has a change to %q", n, n.wants, v.Change.Pools)
	}
	process := n.process
	switch {
	case !n.core.Changing() && v.Change != nil && v.Member(n.cfg.Name).Prepared == view.Unprepared:
		n.w.after(n.w.between(ms, 50*ms), func() { n.do(process, n.asked) })
	case n.core.Changing() && v.All(view.Standby) && !n.holding:
		n.holding = true
		n.w.after(ms, func() { n.do(process, n.hold) })
	case !n.core.Changing() && n.holding:
		n.resume()
	}
}

// asked is what a member does when another one wants other pools.
func (n *node) asked() {
	v := n.core.View()
	switch c := v.Change; {
	case c == nil || n.core.Changing():
	case n.same(string(c.Pools)):
		n.wish(c.Since)
	default:
		n.core.Abandon(n.local(), "its file has other pools")
		n.drain()
	}
}

// hold says that nothing of this member's clients is under way, when that is so.
func (n *node) hold() {
	switch {
	case !n.holding:
	case len(n.clients) > len(n.held):
		process := n.process
		n.w.after(5*ms, func() { n.do(process, n.hold) })
	default:
		n.core.Hold(n.local())
		n.drain()
	}
}

// resume has the clients go on that were held.
func (n *node) resume() {
	if !n.holding {
		return
	}
	if v := n.core.View(); !n.same(string(v.Pools)) {
		n.w.check.kept++
	}
	held := n.held
	n.holding, n.held = false, nil
	process := n.process
	n.w.after(0, func() {
		n.do(process, func() {
			for _, o := range held {
				if !o.told {
					n.serve(o)
				}
			}
		})
	})
}

// mendFiles gives all members the file that the fleet has. Those that it does not let in are started again with it.
func (w *world) mendFiles() {
	var latest view.View
	for _, n := range w.nodes {
		v := n.core.View()
		if n.up && (v.Generation.Over(latest.Generation) || v.Generation == latest.Generation &&
			v.Epoch > latest.Epoch) {
			latest = v
		}
	}
	if len(latest.Pools) == 0 || latest.Change != nil {
		return
	}
	for _, n := range w.nodes {
		n.file = string(latest.Pools)
		if n.up && !n.paused && n.cfg.Pools != nil && n.pools != n.file && !n.core.In() {
			n.kill(false)
			n.start()
		}
	}
}

// Members that have primaries and backups the other way round are told of the same pools at once. One of them is
// first, and the other one takes part in its change: all go over.
func TestBothWantTheSame(t *testing.T) {
	firsts := map[string]int{}
	for seed := range uint64(40) {
		w := quietly(seed, plan{3, seed%2 == 0, 2, core.AloneProven})
		w.write(otherPools)
		for _, n := range w.nodes[:2] {
			w.tell(n, w.between(0, 3*ms))
		}
		stays := func(n *node) bool { return n.pools == "pools" }
		over := func() bool { return !slices.ContainsFunc(w.nodes, stays) }
		if w.until(8*time.Second, over); !over() || w.check.found != "" {
			t.Fatalf("seed %d: %s, found: %s", seed, viewText(w.nodes[0].core.View()), w.check.found)
		}
		firsts[w.nodes[0].pools]++
	}
	if len(firsts) < 2 {
		t.Errorf("one of them has always been first: %v", firsts)
	}
}
