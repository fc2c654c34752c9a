package owner

import (
	"maps"
	"slices"
	"sync/atomic"

	"magent/internal/config"
)

// changeLayout has another layout take the place of the one that there is.
func (f *Owner) changeLayout(do func(next *layout)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := &layout{names: map[string]int{}}
	if l := f.layout.Load(); l != nil {
		*next = layout{slices.Clip(l.pools), maps.Clone(l.names), slices.Clone(l.order)}
	}
	do(next)
	f.layout.Store(next)
}

// lay adds the pools of the configuration, and their groups. They decide for nothing. It is called before transit
// runs.
func (f *Owner) lay(pools ...*config.Pool) {
	f.changeLayout(func(next *layout) {
		for _, cfg := range pools {
			if i := f.place(next, cfg); !cfg.Redis && cfg.Of == nil {
				next.order = append(next.order, i)
			}
		}
	})
}

// layAt adds a pool at an index behind those that there are, for the fleet to decide for when the view has it. In
// between are pools of Redis that a reload has added. It is called by transit.
func (f *Owner) layAt(i int, cfg *config.Pool) {
	f.changeLayout(func(next *layout) {
		for len(next.pools) < i {
			f.place(next, nowhere)
		}
		f.place(next, cfg)
	})
}

// place adds a pool behind those that there are. The others keep their indexes.
func (f *Owner) place(next *layout, cfg *config.Pool) (index int) {
	index = len(next.pools)
	if !cfg.Redis {
		next.names[cfg.Name] = index
	}
	one := new(atomic.Pointer[config.Pool])
	one.Store(cfg)
	next.pools = append(next.pools, one)
	f.wants, f.deciders = append(f.wants, want{}), append(f.deciders, decider{})
	f.rounds, f.reached = append(f.rounds, 0), append(f.reached, 0)
	f.haves, f.unrelay = append(f.haves, stance{}), append(f.unrelay, nil)
	return index
}

// nowhere stands at indexes at which the fleet has no pool.
var nowhere = &config.Pool{Redis: true}

// reorder has the layout be that of other pools, by their indexes. Those that are gone, and their groups, are found by
// their names no more. It returns all of these. The member's goroutine does that.
func (f *Owner) reorder(order, gone []int) (all []int) {
	f.changeLayout(func(next *layout) {
		next.order = order
		for _, i := range gone {
			name := next.pools[i].Load().Name
			for n, one := range next.pools {
				if cfg := one.Load(); n == i || cfg.Of != nil && cfg.Of.Name == name {
					all = append(all, n)
					delete(next.names, cfg.Name)
				}
			}
		}
	})
	return all
}

// count is how many pools there are.
func (f *Owner) count() int { return len(f.layout.Load().pools) }

// pool is the pool with an index.
func (f *Owner) pool(i int) *config.Pool { return f.layout.Load().pools[i].Load() }

// setPool gives a pool another configuration. The member's goroutine does that.
func (f *Owner) setPool(i int, cfg *config.Pool) { f.layout.Load().pools[i].Store(cfg) }

// named is the index of a pool that is decided for together.
func (f *Owner) named(group string) (i int, ok bool) {
	i, ok = f.layout.Load().names[group]
	return i, ok
}

// index is that of a pool that there is.
func (f *Owner) index(group string) int { return f.layout.Load().names[group] }
