package owner

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"magent/internal/config"
	"magent/internal/journal"
	"magent/internal/placement"
	"magent/internal/pool"
)

// doubt says which keys of each server may differ from what clients have seen, because a process died that wrote them.
// The copy of whoever leads is right. So the backups are compared with those primaries that are there, and the other
// primaries with the backups when they are back. Bounds of what may differ would go here.
func doubt(cfg *config.Pool, rings placement.Rings, there []bool, missed []*journal.Missed) []func(key []byte) bool {
	if len(cfg.Backups) == 0 {
		return nil
	}
	n := len(cfg.Servers)
	there = leading(n, there, missed)
	doubted := make([]func([]byte) bool, n+len(cfg.Backups))
	some := false
	for p := range n {
		if some = some || there[p]; !there[p] {
			doubted[p] = func([]byte) bool { return true }
		}
	}
	for b := n; some && b < len(doubted); b++ {
		doubted[b] = func(key []byte) bool { return there[rings.Primaries.Pick(rings.Hash(key))] }
	}
	return doubted
}

// leading says which primaries led when the process died, as far as they are there: not one that lacked what the
// backups have, or may have held what was out of date.
func leading(primaries int, there []bool, missed []*journal.Missed) []bool {
	whole := func(m *journal.Missed) bool { return !m.All && !m.Incomplete }
	leads := slices.Clone(there[:primaries])
	if slices.ContainsFunc(missed[primaries:], func(m *journal.Missed) bool { return !whole(m) }) {
		return leads // the backups are no better
	}
	for p, m := range missed[:primaries] {
		leads[p] = leads[p] && whole(m)
	}
	return leads
}

// repairsPrimary reports whether a pool has one primary, which leads and has missed keys that the backups have. They
// are copied before the backups are doubted (pool.RepairPrimary).
func repairsPrimary(cfg *config.Pool, there []bool, missed []*journal.Missed) bool {
	if len(cfg.Servers) != 1 || slices.Contains(there, false) {
		return false
	}
	for n, m := range missed {
		if m.All || m.Incomplete || (len(m.Keys) > 0) != (n == 0) {
			return false
		}
	}
	return true
}

const (
	reachTime  = 400 * time.Millisecond  // how long servers have to answer before a pool begins
	reachLater = 1500 * time.Millisecond // likewise, if a backup alone has what a primary has missed
)

// reachFor is how long servers have to answer. Keys that a primary has missed are lost if the backups, which are to be
// doubted, do not have them copied to it first (repairsPrimary). So these are waited for.
func reachFor(cfg *config.Pool, w want) time.Duration {
	all := slices.Repeat([]bool{true}, len(w.missed))
	if w.doubt && len(cfg.Backups) > 0 && repairsPrimary(cfg, all, w.missed) {
		return reachLater
	}
	return reachTime
}

// scout begins to find out which servers of a pool are there, beside what other pools find out, if that decides how
// the pool begins.
func (f *Owner) scout(w *want) {
	if w.kind != decides || !w.doubt && w.doors.Open(nil) {
		return
	}
	w.scout = &scouting{done: make(chan struct{}), there: make([]bool, len(w.cfg.Servers)+len(w.cfg.Backups))}
	if !f.begin() { // the process ends
		close(w.scout.done)
		return
	}
	go f.lookAround(*w)
}

// lookAround is the goroutine of a scouting.
func (f *Owner) lookAround(w want) {
	defer f.done.Done()
	defer close(w.scout.done)
	w.scout.there = f.reach(w.cfg, w.missed, reachFor(w.cfg, w))
}

// reach finds out which servers of a pool can be connected to within that time, and are those that are known. One that
// is drained is left alone: the other copies of its keys go without it, so nothing can be compared with what it holds.
func (f *Owner) reach(cfg *config.Pool, missed []*journal.Missed, within time.Duration) []bool {
	there := make([]bool, len(cfg.Servers)+len(cfg.Backups))
	ctx, cancel := context.WithTimeoutCause(f.ctx, within, errors.New("no answer in time"))
	defer cancel()
	var all sync.WaitGroup
	for n := range there {
		if cfg.DrainOf(placement.ServerAt(cfg, n).String()) != nil {
			continue
		}
		all.Add(1)
		go f.knock(ctx, cfg, n, missed[n].Identity, &there[n], all.Done)
	}
	all.Wait()
	return there
}

// awaitDoors waits for the doors of those servers that answer. A request that comes meanwhile waits, too. It would get
// an error from a pool that has begun, for that takes servers which it cannot connect to for dead.
func (f *Owner) awaitDoors(w want, there []bool) {
	// By then the core has opened all doors of servers that answer, whoever is listed there (core.Listed).
	enough := f.o.Fleet.Lease + 2*pool.UserTimeout
	for began := time.Now(); !w.doors.Open(there) && time.Since(began) < enough; time.Sleep(poll) {
		if f.ctx.Err() != nil || w.term.Over() {
			return
		}
	}
}
