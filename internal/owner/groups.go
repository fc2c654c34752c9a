package owner

import (
	"cmp"
	"net/netip"
	"slices"

	"magent/internal/config"
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

// wholes are the pools that clients connect to, and that the fleet decides for, with their indexes. They say what
// their groups are.
func (f *Owner) wholes() (at []int, pools []*config.Pool) {
	for i := range f.count() {
		if f.isWhole(i) {
			at, pools = append(at, i), append(pools, f.pool(i))
		}
	}
	return at, pools
}

// groups is what is decided together: the same on all members.
func (f *Owner) groups() []view.Group {
	_, pools := f.wholes()
	return groupsOf(pools, f.o.Fleet.Members)
}

// groupsOf is the same for these pools.
func groupsOf(pools []*config.Pool, members []config.FleetMember) (groups []view.Group) {
	given := map[string]int{}
	for _, whole := range pools {
		parts := placement.Groups(whole)
		if parts == nil {
			parts = []config.Pool{*whole}
		}
		for i := range parts {
			groups = append(groups, view.Group{Name: parts[i].Name, Home: home(members, &parts[i], given)})
		}
	}
	return groups
}

// home names the member that is to own a pool: the only one on the host of its primary. Where there is none, those
// with the fewest groups get the groups of a pool, in the order of the list. A pool in one piece, or of several
// primaries that cannot be split, has no home then. given counts the groups by their homes.
func home(members []config.FleetMember, cfg *config.Pool, given map[string]int) (name string) {
	there := func(m config.FleetMember) bool {
		return !m.Witness && len(cfg.Servers) == 1 && cfg.Servers[0].Network != "unix" &&
			sameHost(m.Host, cfg.Servers[0].Host)
	}
	switch at := slices.IndexFunc(members, there); {
	case at >= 0 && !slices.ContainsFunc(members[at+1:], there):
		name = members[at].Name
	case cfg.Of == nil:
		return ""
	default:
		for _, m := range members {
			if !m.Witness && (name == "" || given[m.Name] < given[name]) {
				name = m.Name
			}
		}
	}
	given[name]++
	return name
}

// sameHost reports whether two hosts, as they are configured, are the same name or address.
func sameHost(a, b string) bool {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	if errX == nil && errY == nil {
		return x.Unmap() == y.Unmap()
	}
	return a == b
}
