package plan

import (
	"net/netip"
	"slices"

	"magent/internal/config"
	"magent/internal/fleet/view"
	"magent/internal/placement"
)

// Groups is what is decided together of these pools: the same on all members.
func Groups(pools []*config.Pool, members []config.FleetMember) (groups []view.Group) {
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
