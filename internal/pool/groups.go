package pool

import (
	"slices"

	"magent/internal/placement"
	"magent/internal/stats"
)

// A member of a fleet has the keys of each primary in a group of its own: a pool with that primary and all backups.
// Clients are with the whole pool, which finds the group of a key and is connected to no server itself.

// SetGroups makes p the whole of groups on its loop, or of none. rings find the group of a key. The configuration of p
// may be an earlier one: another part takes the place of p for another one.
func (p *Pool) SetGroups(rings placement.Rings, groups []*Pool) {
	for _, g := range p.Groups {
		g.Whole = nil
	}
	p.shares, p.Groups = rings, groups
	for _, g := range groups {
		g.Whole = p
	}
}

// Regroup puts p, which takes the place of before, into the whole pool that before was a group of. The share in its
// configuration may be another one already, or an earlier one. If before had groups, they are p's.
func (p *Pool) Regroup(before *Pool) {
	if before.Groups != nil {
		p.SetGroups(before.shares, before.Groups)
		p.Held = false // requests wait for their group
	}
	if w := before.Whole; w != nil {
		p.Whole, w.Groups[slices.Index(w.Groups, before)] = w, p
	}
}

// GroupOf returns the group that a key belongs to; p itself if it has none.
func (p *Pool) GroupOf(key []byte) *Pool {
	if p.Groups == nil {
		return p
	}
	return p.Groups[p.shares.Share(key)]
}

// HeldGroup returns a group that accepts no new requests; nil: all do.
func (p *Pool) HeldGroup() *Pool {
	for _, g := range p.Groups {
		if g.Waits() {
			return g
		}
	}
	return nil
}

// HasMeta reports whether no server is known to lack the meta commands.
func (p *Pool) HasMeta() bool {
	for _, g := range p.Groups {
		if !g.Meta {
			return false
		}
	}
	return p.Meta
}

// AllFigures returns a copy of the figures of all servers. The primaries of groups come in their order. A backup
// counts for all groups that this process decides for. Where it decides for none, those that are drained are known.
func (p *Pool) AllFigures() (all []stats.Server) {
	if p.Groups == nil {
		for i := range p.Conns {
			all = append(all, p.Figures(i))
			for _, v := range p.variants {
				more := v.Figures(i)
				all[i].Add(&more)
			}
			if p.past != nil {
				all[i].Add(&p.past[i])
			}
		}
		return append(all, drainedBehind(p.behind, all)...)
	}
	var backups []stats.Server
	for _, g := range p.Groups {
		for i := range g.Conns {
			v := g.Figures(i)
			v.Pool = p.Name
			switch b := i - 1; {
			case i == 0:
				all = append(all, v)
			case b < len(backups):
				if backups[b].Stored.At > 0 {
					v.Stored = stats.Stored{} // it is the same memcached
				}
				backups[b].Add(&v)
			default:
				backups = append(backups, v)
			}
		}
	}
	if backups == nil {
		backups = drainedBehind(p.Config, all)
	}
	return append(all, backups...)
}

// AddHot adds the keys that were asked for most.
func (p *Pool) AddHot(to *stats.Hottest) {
	to.Add(&p.Hot)
	for _, g := range p.Groups {
		to.Add(&g.Hot)
	}
}
