package owner

import (
	"maps"
	"slices"
	"sync/atomic"

	"magent/internal/config"
)

// lay adds pools behind those that there are. The others keep their indexes. Those that are added decide for nothing.
// It is called before transit runs, or by it.
func (f *Owner) lay(added ...*config.Pool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := &layout{names: map[string]int{}}
	if l := f.layout.Load(); l != nil {
		next.pools, next.names = slices.Clip(l.pools), maps.Clone(l.names)
	}
	for _, cfg := range added {
		if !cfg.Redis {
			next.names[cfg.Name] = len(next.pools)
		}
		one := new(atomic.Pointer[config.Pool])
		one.Store(cfg)
		next.pools = append(next.pools, one)
		f.wants, f.deciders = append(f.wants, want{}), append(f.deciders, decider{})
		f.rounds, f.reached = append(f.rounds, 0), append(f.reached, 0)
		f.haves, f.unrelay = append(f.haves, stance{}), append(f.unrelay, nil)
	}
	f.layout.Store(next)
}

// layAt adds a pool at an index behind those that there are. In between are pools of Redis that a reload has added.
func (f *Owner) layAt(i int, cfg *config.Pool) {
	for f.count() < i {
		f.lay(&config.Pool{Redis: true})
	}
	f.lay(cfg)
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
