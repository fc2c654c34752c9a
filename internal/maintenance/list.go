package maintenance

import (
	"cmp"
	"slices"

	"magent/internal/config"
)

// Order is one server that an operator has drained, or undrained again. The server may be in the pool in either role.
type Order struct {
	Pool   string `json:"pool"`
	Server string `json:"server"` // config.Address.String
	By     string `json:"by"`
	Reason string `json:"reason,omitempty"`
	Since  int64  `json:"since"`           // seconds since 1970
	Stamp  int64  `json:"stamp,omitempty"` // which of two orders for a server is the newer one (newer)
	Ended  bool   `json:"ended,omitempty"` // it was undrained; By, Reason and Since are empty
}

// List is the last order for each server. A List is never changed in place. A member of a fleet keeps also those that
// have ended: another one may not know that yet.
type List []Order

// Drained returns the list without orders that have ended.
func (l List) Drained() List {
	return slices.DeleteFunc(slices.Clone(l), func(o Order) bool { return o.Ended })
}

// With returns the list with another order, in place of one for the same server.
func (l List) With(o Order) List { return append(l.Without(o.Pool, o.Server), o) }

// Without returns the list without the order for a server.
func (l List) Without(pool, server string) List {
	return slices.DeleteFunc(slices.Clone(l), func(o Order) bool { return o.Pool == pool && o.Server == server })
}

// Of returns the orders for servers that the pools have, and those for others.
func (l List) Of(pools []config.Pool) (known, gone List) {
	for _, o := range l {
		if i := poolNamed(pools, o.Pool); i >= 0 && pools[i].At(o.Server) {
			known = append(known, o)
		} else {
			gone = append(gone, o)
		}
	}
	return known, gone
}

func poolNamed(pools []config.Pool, name string) int {
	return slices.IndexFunc(pools, func(p config.Pool) bool { return p.Name == name })
}

func indexOf(cfgs []*config.Pool, name string) int {
	for i, cfg := range cfgs {
		if cfg != nil && cfg.Of == nil && cfg.Name == name {
			return i
		}
	}
	return -1
}

// Apply returns the pools with Drained as their file says, and as the list does. What the file drains counts from the
// time that before has for it; before are the pools until now. now is in seconds since 1970.
func (l List) Apply(pools []config.Pool, before []*config.Pool, now int64) []config.Pool {
	pools = slices.Clone(pools)
	for i := range pools {
		p := &pools[i]
		var drained []config.Drain
		for _, d := range p.Drained {
			if d.By != "" {
				continue // an order: it counts if it is still in the list
			}
			d.Since = cmp.Or(sinceIn(before, p.Name, d.Server), d.Since, now)
			drained = append(drained, d)
		}
		for _, o := range l {
			known := slices.ContainsFunc(drained, func(d config.Drain) bool { return d.Server == o.Server })
			if o.Pool == p.Name && p.At(o.Server) && !known && !o.Ended {
				drained = append(drained, config.Drain{Server: o.Server, By: o.By, Reason: o.Reason, Since: o.Since})
			}
		}
		slices.SortFunc(drained, func(a, b config.Drain) int { return cmp.Compare(a.Server, b.Server) })
		p.Drained = drained
	}
	return pools
}

// sinceIn returns since when a server is drained in a pool; 0: it is not.
func sinceIn(pools []*config.Pool, pool, server string) int64 {
	for _, p := range pools {
		if p != nil && p.Name == pool {
			if d := p.DrainOf(server); d != nil {
				return d.Since
			}
		}
	}
	return 0
}

// Change is a server that is drained from now on, or no more.
type Change struct {
	Pool, Role string
	config.Drain
	Ended bool
}

// Changes returns what differs between pools before and afterwards. A server that has left its pool is no change.
func Changes(before, after []*config.Pool) (changes []Change) {
	for _, p := range after {
		if p == nil || p.Of != nil {
			continue
		}
		for _, d := range p.Drained {
			if sinceIn(before, p.Name, d.Server) == 0 {
				changes = append(changes, Change{p.Name, p.RoleOf(d.Server), d, false})
			}
		}
	}
	for _, p := range before {
		if p == nil || p.Of != nil {
			continue
		}
		for _, d := range p.Drained {
			i := slices.IndexFunc(after, func(a *config.Pool) bool { return a != nil && a.Name == p.Name })
			if i >= 0 && after[i].At(d.Server) && after[i].DrainOf(d.Server) == nil {
				changes = append(changes, Change{p.Name, p.RoleOf(d.Server), d, true})
			}
		}
	}
	return changes
}
