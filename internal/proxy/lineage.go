package proxy

import (
	"fmt"

	"magent/internal/config"
	"magent/internal/journal"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
)

// What is known of a server goes with it to whichever pool has it after a reload (placement.Lineage).

// shared returns how many servers two pools have in common. One of them may be nil.
func shared(p, other *config.Pool) (n int) {
	for i := range len(p.Servers) + len(p.Backups) {
		if other.At(placement.ServerAt(p, i).String()) {
			n++
		}
	}
	return n
}

// origin returns the index of the pool that had the keys of pool i before; -1: there is none. It is the pool that
// leaves the most servers to pool i. The pool of the same name comes first, even if it leaves none.
func (r *reload) origin(i int) int {
	origin, most := -1, 0
	if before := r.before[i]; before != nil && before.Redis == r.after[i].Redis {
		origin, most = i, shared(r.after[i], before)
	}
	for j, before := range r.before {
		if j == i || before == nil || before.Redis != r.after[i].Redis {
			continue
		}
		if r.after[j] != nil && shared(r.after[i], r.after[j]) > 0 {
			continue // it keeps them
		}
		if n := shared(r.after[i], before); n > most {
			origin, most = j, n
		}
	}
	return origin
}

// inherit passes to a new pool what is known of its servers.
func (r *reload) inherit(sh *session.Shard, p *pool.Pool, from []placement.Predecessor) {
	due := int64(0)
	if before := r.left[p.Index]; before != nil {
		due = before[sh.ID].DelayedFlush()
	}
	for _, b := range from {
		before := r.left[b.Pool][sh.ID]
		p.Inherit(b.To, before, b.Server)
		due = max(due, before.DelayedFlush())
	}
	if !p.Config.Redis {
		p.RecallFlush(due)
	}
}

// recordFlushes has the journal know which pools are to be flushed, under the names that they have now.
func (r *reload) recordFlushes() {
	if r.svc.shared.Journal == nil || r.svc.member != nil {
		return
	}
	due := map[journal.Server]int64{}
	for _, left := range r.left {
		pool.FlushesDue(left[0].Config, 0, due)
	}
	for i := range r.after {
		if p := r.svc.shards[0].Pools[i]; p != nil && r.changed(i) {
			pool.FlushesDue(p.Config, p.DelayedFlush(), due)
		}
	}
	r.svc.shared.Journal.Due(due)
}

// checkShared refuses to move keys to a server that holds those of another pool, because they cannot be told from
// values that are out of date.
func (r *reload) checkShared(i int) error {
	cfg, m := r.after[i], r.moves[i]
	if m == nil {
		return nil
	}
	servers := len(cfg.Servers) + len(cfg.Backups)
	for n := range servers {
		address := placement.ServerAt(cfg, n).String()
		for k, other := range r.after {
			if k == i || !m.Gains(n) || !r.before[k].At(address) || !other.At(address) {
				continue
			}
			// Otherwise the other copies of its keys are where those of this pool are.
			if shared(cfg, r.before[k]) < servers {
				return fmt.Errorf("keys would move to %s, and what it holds from earlier would be deleted: "+
					"but pool %q has its keys there; give this pool a server of its own", address, other.Name)
			}
		}
	}
	return nil
}
