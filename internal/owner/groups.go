package owner

import (
	"cmp"
	"slices"

	"magent/internal/config"
	"magent/internal/fleet/plan"
	"magent/internal/fleet/view"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
)

// Each pool that is split has its groups among the pools, in either order of roles: a member takes those of the fleet
// (takeRoles). What is not in the view is never decided for.

// parts are the indexes of what is decided for in place of pool i, as its roles are now: its groups, in the order of
// its primaries, or itself.
func (f *Owner) parts(i int) (parts []int) {
	whole := f.pool(i)
	for n := range f.count() {
		of := f.pool(n).Of
		if of != nil && of.Name == whole.Name && slices.Equal(of.Servers, whole.Servers) {
			parts = append(parts, n)
		}
	}
	if len(parts) == 0 {
		return []int{i}
	}
	slices.SortFunc(parts, func(a, b int) int { return cmp.Compare(f.pool(a).Share, f.pool(b).Share) })
	return parts
}

// allOf are the indexes of all that serves pool i: its parts, and itself.
func (f *Owner) allOf(i int) []int {
	parts := f.parts(i)
	if parts[0] != i {
		parts = append(parts, i)
	}
	return parts
}

// isWhole reports whether pool i is one that clients connect to, and is decided for by the fleet.
func (f *Owner) isWhole(i int) bool {
	cfg := f.pool(i)
	return !cfg.Redis && cfg.Of == nil
}

// arrange has a loop's part of pool i find its groups. It is called on the loop, or before that runs.
func (f *Owner) arrange(sh *session.Shard, i int, rings placement.Rings, parts []int) {
	var groups []*pool.Pool
	if parts[0] != i {
		for _, n := range parts {
			groups = append(groups, sh.Pools[n])
		}
	}
	sh.Pools[i].SetGroups(rings, groups)
	sh.Pools[i].Held = groups == nil // else requests wait for their group
}

// retire has pools forget whom they hand requests to, for they are groups of none any more, or have become split.
func (f *Owner) retire(gone []int) {
	f.mu.Lock()
	for _, n := range gone {
		f.deciders[n] = decider{}
	}
	f.mu.Unlock()
	for _, n := range gone {
		next := stance{kind: refuses}
		if f.isWhole(n) {
			next.kind = splits
		}
		f.wish(n, want{stance: next})
	}
}

// begins has pool i, or its groups, known, and what the journal knows of their servers.
func (f *Owner) begins(i int, onAll func(func(*session.Shard))) {
	rings, err := placement.New(f.pool(i))
	if err != nil {
		return // it has succeeded at the start
	}
	parts := f.parts(i)
	onAll(func(sh *session.Shard) { f.arrange(sh, i, rings, parts) })
	for _, n := range parts {
		f.remember(f.pool(n), f.known)
	}
}

// wholes are the pools that clients connect to, and that the fleet decides for, with their indexes, in the order of
// the file. They say what their groups are.
func (f *Owner) wholes() (at []int, pools []*config.Pool) {
	at = f.layout.Load().order
	for _, i := range at {
		pools = append(pools, f.pool(i))
	}
	return at, pools
}

// allParts are the indexes of all that is decided for.
func (f *Owner) allParts() (parts []int) {
	at, _ := f.wholes()
	for _, i := range at {
		parts = append(parts, f.parts(i)...)
	}
	return parts
}

// groups is what is decided together: the same on all members.
func (f *Owner) groups() []view.Group {
	_, pools := f.wholes()
	return plan.Groups(pools, f.o.Fleet.Members)
}
