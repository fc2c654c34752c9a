package owner

import (
	"slices"
	"time"

	"magent/internal/config"
	"magent/internal/fleet/core"
	"magent/internal/fleet/plan"
	"magent/internal/fleet/view"
	"magent/internal/placement"
	"magent/internal/pool"
)

// A pool of a fleet goes over to another configuration that places keys in the same way. A pool that relays is
// replaced. One that decides is handed over to this process itself, in a term of its own.

// MayChange says why other pools cannot take the place of those of the configuration; nil: they can, for keys are
// placed as before. It may be called by any goroutine.
func (f *Owner) MayChange(pools []config.Pool) error {
	_, before := f.wholes()
	is, file := []byte(plan.Text(before)), []byte(plan.Text(decidedTogether(pools)))
	if view.SamePools(is, file) {
		return nil
	}
	return view.OtherPools("the file", is, file)
}

// decidedTogether are those pools of a file that a fleet decides for.
func decidedTogether(file []config.Pool) (pools []*config.Pool) {
	for i := range file {
		if !file[i].Redis {
			pools = append(pools, &file[i])
		}
	}
	return pools
}

// changeLimit is how long Change waits.
const changeLimit = 10 * time.Second

// Change has pools go over to other configurations, by their index. Groups are among them. It reports whether all have
// done so: else it goes on without being waited for.
func (f *Owner) Change(pools map[int]*config.Pool) bool {
	var parts []int
	told := false
	t := f.give(func() { parts, told = f.change(pools) })
	return f.awaitTask(t) && told && f.awaitParts(parts)
}

// awaitParts waits until pools have arrived, and reports whether they have.
func (f *Owner) awaitParts(parts []int) bool {
	for began := time.Now(); !f.arrived(parts); time.Sleep(poll) {
		if f.ends() || time.Since(began) > changeLimit {
			return false
		}
	}
	return true
}

// arrived reports whether pools have taken a stance since their configuration has changed.
func (f *Owner) arrived(parts []int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !slices.ContainsFunc(parts, func(n int) bool { return f.reached[n] != f.rounds[n] })
}

// change begins to go over to other configurations. It returns the pools that have to, and whether they know. It is
// called by transit.
func (f *Owner) change(pools map[int]*config.Pool) (parts []int, told bool) {
	var changing []int // read only if it was done: else it may be written yet
	told = f.member.Load().Ask(f.ctx, func(c *core.Core, now time.Duration) {
		for i, cfg := range pools {
			f.setPool(i, f.inRoles(i, cfg))
		}
		changing = f.partsOf(pools)
		f.nextRound(changing)
		for _, n := range changing {
			c.Anew(now, f.pool(n).Name)
		}
	})
	if !told {
		return nil, false
	}
	return changing, true
}

// partsOf are the parts of those of some pools that clients connect to.
func (f *Owner) partsOf(pools map[int]*config.Pool) (parts []int) {
	for i := range pools {
		if f.isWhole(i) {
			parts = append(parts, f.allOf(i)...)
		}
	}
	return parts
}

// inRoles returns the configuration that takes the place of pool i, in the roles that the fleet has.
func (f *Owner) inRoles(i int, cfg *config.Pool) *config.Pool {
	if plan.TextOf(f.pool(i)) != plan.TextOf(cfg) {
		return placement.Exchanged(cfg)
	}
	return cfg
}

// refit puts another pool in the place of one that clients connect to, and that is split. It gets the groups of the
// one before as they are at that moment (pool.Regroup), for the member's goroutine may give it others meanwhile.
func (f *Owner) refit(i int) {
	cfg := f.pool(i)
	rings, err := placement.New(cfg)
	if err != nil {
		f.o.Died(err) // it has succeeded before the change
		return
	}
	f.endRelay(i)
	f.replace(i, 0, func([]*pool.Loop) []*pool.Pool {
		peers := f.o.AddPool(i, cfg, rings)
		pool.Watch(peers)
		return peers
	}, func(p *pool.Pool) {
		p.SetAside([]byte(forsaken))
		p.Held = true // if it has no groups any more, until another one takes its place
	}, nil)
}
