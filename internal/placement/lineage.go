package placement

import "magent/internal/config"

// What a server holds, and what it has missed, does not depend on the name of its pool, or on its role. So what is
// known of a server goes with it to whichever pool has it when pools change.

// Lineage tells which pools know something of the servers of a new pool. It is made while pools change, for all of
// them: to look at all pools for each pool would take long where there are many.
type Lineage struct {
	before, after []*config.Pool
	abandoned     map[string][]Predecessor // by address: the servers that their pools do not have any more
}

// Predecessor says that a pool which has left, and its server there, leave what is known to the server To of a new
// pool.
type Predecessor struct{ Pool, Server, To int }

// NewLineage returns that of a change. Pools are given by their indexes, where some may be nil. Those that are not
// changed leave nothing.
func NewLineage(before, after []*config.Pool, changed func(i int) bool) *Lineage {
	h := &Lineage{before, after, map[string][]Predecessor{}}
	for i, was := range before {
		if was == nil || !changed(i) {
			continue
		}
		for n, address := range addresses(was) {
			if !after[i].At(address) {
				h.abandoned[address] = append(h.abandoned[address], Predecessor{Pool: i, Server: n})
			}
		}
	}
	return h
}

// Of returns what pool i gets: what the pool of its name knew, and what others knew of servers that they do not have
// any more. All of them have to be of its kind.
func (h *Lineage) Of(i int) (all []Predecessor) {
	cfg, same := h.after[i], h.before[i]
	for to, address := range addresses(cfg) {
		if same != nil && same.Redis == cfg.Redis {
			for n, was := range addresses(same) {
				if was == address {
					all = append(all, Predecessor{i, n, to})
				}
			}
		}
		for _, b := range h.abandoned[address] {
			if b.Pool != i && h.before[b.Pool].Redis == cfg.Redis {
				all = append(all, Predecessor{b.Pool, b.Server, to})
			}
		}
	}
	return all
}

// addresses returns those of the servers of a pool, by their index.
func addresses(p *config.Pool) []string {
	return append(config.Texts(p.Servers), config.Texts(p.Backups)...)
}

// Origin returns the index of the pool that had the keys of pool i before; -1: there is none. It is the pool that
// leaves the most servers to pool i. The one at its own index comes first, even if it leaves none.
func Origin(before, after []*config.Pool, i int) int {
	origin, most := -1, 0
	if was := before[i]; was != nil && was.Redis == after[i].Redis {
		origin, most = i, Shared(after[i], was)
	}
	for j, was := range before {
		if j == i || was == nil || was.Redis != after[i].Redis {
			continue
		}
		if after[j] != nil && Shared(after[i], after[j]) > 0 {
			continue // it keeps them
		}
		if n := Shared(after[i], was); n > most {
			origin, most = j, n
		}
	}
	return origin
}

// Shared returns how many servers two pools have in common. One of them may be nil.
func Shared(p, other *config.Pool) (n int) {
	for _, address := range addresses(p) {
		if other.At(address) {
			n++
		}
	}
	return n
}
