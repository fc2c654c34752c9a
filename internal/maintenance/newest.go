package maintenance

import (
	"cmp"
	"slices"

	"magent/internal/config"
)

// Members of a fleet may know different commands for a server: one of them was away, or two operators have asked two
// members. The newest command counts, on all of them. Each has a stamp by which that is told: the time, and in any
// case more than the stamp of each command for that server of which a member that was asked has known.

// stamp returns that of an order. Those of an older version have none.
func (o *Order) stamp() int64 {
	const ms = 1000
	return cmp.Or(o.Stamp, o.Since*ms)
}

// newer reports whether o counts, and not p. Of two with the same stamp all members choose the same.
func (o *Order) newer(p *Order) bool {
	ended := func(o *Order) int {
		if o.Ended {
			return 1
		}
		return 0
	}
	return p == nil || cmp.Or(cmp.Compare(o.stamp(), p.stamp()), cmp.Compare(ended(p), ended(o)),
		cmp.Compare(o.By, p.By), cmp.Compare(o.Reason, p.Reason), cmp.Compare(o.Since, p.Since)) > 0
}

// of returns the last order for a server; nil: there is none.
func (l List) of(pool, server string) *Order {
	if i := slices.IndexFunc(l, func(o Order) bool { return o.Pool == pool && o.Server == server }); i >= 0 {
		return &l[i]
	}
	return nil
}

// Learn returns the list with what another member knows and this one does not: servers of the pools for which it has
// newer orders. The list is the same if there are none.
func (l List) Learn(told List, cfgs []*config.Pool) List {
	for _, o := range told {
		i := indexOf(cfgs, o.Pool)
		if i >= 0 && cfgs[i].At(o.Server) && o.newer(l.of(o.Pool, o.Server)) {
			l = l.With(o)
		}
	}
	return l
}
