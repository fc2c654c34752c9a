package proxy

import (
	"magent/internal/journal"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
)

// What is known of a server goes with it to whichever pool has it after a reload (placement.Lineage).

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
	if !p.Config.Redis && sh.ID == 0 {
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
