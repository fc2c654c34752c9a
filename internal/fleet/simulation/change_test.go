package simulation

import (
	"slices"
	"time"

	"magent/internal/fleet/view"
)

// The pools change while a fleet runs, and while things fail. By the other pools some keys belong to the other group,
// so that another server leads for them, and the groups have other homes. Each member asks its file when another one
// wants other pools. What is looked at besides all other promises: nothing is sent for a group that the key does not
// belong to (I10).

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

// reload has all members get another file, perhaps, and one of them read it at some time. Sometimes one of them has
// another file than the others.
func (w *world) reload() {
	if w.rng.IntN(3) > 0 {
		return
	}
	n := w.nodes[w.rng.IntN(len(w.nodes))]
	to := map[string]string{"pools": "other", "other": "pools"}[n.file]
	for _, o := range w.nodes {
		o.file = to
	}
	if w.rng.IntN(4) == 0 {
		w.nodes[w.rng.IntN(len(w.nodes))].file = "third"
	}
	w.after(w.between(0, 300*ms), func() { n.do(n.process, func() { n.wish(0) }) })
}

// wish says that this member is ready for what its file has. asked is the change that another one wants; 0: none.
func (n *node) wish(asked uint64) {
	if n.cfg.Pools == nil || n.file == n.pools || n.core.Changing() {
		return
	}
	n.w.log("%s wants %s", n, n.file)
	n.joins = asked
	n.core.Prepare(n.local(), []byte(n.file), n.w.groupsBy(n.file), asked)
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
		n.w.log("%s goes over to %s", n, v.Pools)
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
	case string(c.Pools) == n.file:
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
	if v := n.core.View(); string(v.Pools) != n.file {
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
