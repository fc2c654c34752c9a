package owner

import (
	"bytes"
	"errors"
	"maps"
	"math"
	"slices"
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/plan"
	"magent/internal/fleet/view"
	"magent/internal/journal"
	"magent/internal/pool"
	"magent/internal/session"
)

// Pools go over to a Turn at the moment at which the view has it. No pool decides then, on any member, and nothing of
// clients is under way. What is known of servers goes with them to the groups that have them. This runs on the
// member's goroutine.

// settleTurn looks whether the view says what becomes of a change, or has one that this member was not ready for.
func (f *Owner) settleTurn(c *core.Core, v *view.View, reason string) {
	t, n := f.turn.Load(), v.Change
	switch {
	case t == nil:
	case bytes.Equal(v.Pools, t.Text) && bytes.Equal(c.Pools(), t.Text):
		f.goOver(t, v.Turned)
		f.endTurn(t, nil)
		if t.loose.Load() {
			f.followLater()
		}
	case c.Changing():
		if n != nil {
			t.since = n.Since
		}
	case n == nil || t.since > 0 && n.Since != t.since:
		f.endTurn(t, errors.New(reason))
	case t.since == 0 && !bytes.Equal(n.Pools, t.Text):
		f.endTurn(t, ErrOvertaken)
	}
	if me := v.Member(f.self()); f.turn.Load() == nil && n != nil && n.Since != f.heard && !c.Changing() &&
		v.Has(me.Name, c.Incarnation()) && me.Prepared == view.Unprepared {
		f.heard = n.Since
		if f.begin() {
			go f.readFile(n.Since)
		}
	}
}

func (f *Owner) endTurn(t *Turn, err error) {
	f.turn.Store(nil)
	t.end(err)
}

// goOver makes this member's pools those of a change.
func (f *Owner) goOver(t *Turn, epoch uint64) {
	was, all := map[int][]int{}, map[int]left{} // by the indexes of pools: their parts, and what is known of these
	for _, i := range t.Leaving() {
		was[i] = f.parts(i)
		all[i] = f.takeKnown(was[i])
	}
	var order []int
	for _, s := range t.Pools {
		order = append(order, s.Index)
	}
	t.left = f.reorder(order, t.Gone)
	var parts, gone, have []int
	for _, s := range t.Changed() {
		before := was[s.Index]
		if before == nil { // it is new
			before = []int{s.Index}
		}
		f.setPool(s.Index, s.Config)
		for n := range s.Groups {
			f.setPool(f.index(s.Groups[n].Name), &s.Groups[n])
		}
		after := f.parts(s.Index)
		known := f.leftTo(t, s, all)
		for _, n := range after {
			f.passOn(n, known, s, epoch)
		}
		f.o.OnAll(func(sh *session.Shard) { f.rearrange(sh, s, before, after) })
		was[s.Index] = slices.Concat(before, after)
		parts, have = append(parts, f.allOf(s.Index)...), append(have, after...)
		gone = append(gone, slices.DeleteFunc(before, func(n int) bool { return slices.Contains(after, n) })...)
	}
	f.cleanGone(all, have)
	f.holdGone(t)
	if t.loose.Load() {
		some := slices.Concat(slices.Collect(maps.Values(was))...) // once: loops run at the same time
		f.o.OnAll(func(sh *session.Shard) { forsake(sh, some) })
	}
	f.told = t.Text
	f.nextRound(parts)
	f.retire(gone)
}

// holdGone has clients of pools that have gone wait until they are sent away (Follow). Nobody looks for an owner.
func (f *Owner) holdGone(t *Turn) {
	f.mu.Lock()
	for _, i := range t.left {
		f.deciders[i] = decider{}
	}
	f.mu.Unlock()
	f.o.OnAll(func(sh *session.Shard) {
		for _, i := range t.left {
			sh.Pools[i].Held = true
		}
	})
}

// known is what is known of a server of a pool.
type known struct {
	journal.Missed
	servers []journal.Server // as which it was known
}

// left is what a pool that changes or goes leaves to others.
type left struct {
	servers map[string]*known // by address
	due     int64             // when the last flush_all takes effect
}

// takeKnown takes what is known of the servers of a pool out of the book, by their addresses, whatever groups it is
// known for.
func (f *Owner) takeKnown(parts []int) left {
	all := left{servers: map[string]*known{}}
	for _, n := range parts {
		cfg := f.pool(n)
		for i := range len(cfg.Servers) + len(cfg.Backups) {
			server := pool.ServerOf(cfg, i)
			m := f.book.Missed(server)
			all.add(server.Address, &known{*m, []journal.Server{server}})
		}
		all.due = max(all.due, f.book.Due(cfg.Name))
		f.void(cfg.Name, math.MaxUint64, 0)
	}
	return all
}

// add adds what is known of a server.
func (l *left) add(address string, one *known) {
	k := l.servers[address]
	if k == nil {
		k = &known{}
		l.servers[address] = k
	}
	k.servers = append(k.servers, one.servers...)
	k.All, k.Incomplete, k.Keys = k.All || one.All, k.Incomplete || one.Incomplete, append(k.Keys, one.Keys...)
	if one.Identity != "" {
		k.Identity = one.Identity
	}
}

// leftTo is what a pool gets of all that is known: of its own servers, and of those that others have no more. Of
// several flush_alls with a delay the latest counts.
func (f *Owner) leftTo(t *Turn, s *plan.Successor, all map[int]left) left {
	to := left{map[string]*known{}, all[s.Index].due}
	t.Left(s, func(pool int, address string) {
		to.due = max(to.due, all[pool].due)
		if k := all[pool].servers[address]; k != nil {
			to.add(address, k)
		}
	})
	return to
}

// passOn enters what is known of the servers of a group that has changed. To those that get keys, these are all
// missing, and what they hold of them may be out of date. The first owner knows which keys these are.
func (f *Owner) passOn(n int, all left, s *plan.Successor, epoch uint64) {
	cfg, l := f.pool(n), &legacy{epoch: epoch, moves: s.Moves}
	if s.Moves != nil && cfg.Of != nil {
		l.moves = s.Moves.Group(cfg.Share)
	}
	f.void(cfg.Name, 0, all.due)
	for i := range len(cfg.Servers) + len(cfg.Backups) {
		server, m := pool.ServerOf(cfg, i), journal.Missed{}
		if k := all.servers[server.Address]; k != nil {
			m = k.Missed
			m.Keys = ownKeys(cfg, m.Keys)
		}
		l.missed = append(l.missed, new(m))
		if l.moves != nil && l.moves.Gains(i) {
			m.All, m.Incomplete = true, true
		}
		f.enterMissed(server, &m)
	}
	f.left[cfg.Name] = l
}

// cleanGone removes from the journal what was known of servers as those of groups that do not have them any more.
func (f *Owner) cleanGone(all map[int]left, parts []int) {
	j := f.o.Process.Journal
	if j == nil {
		return
	}
	has := map[journal.Server]bool{}
	for _, n := range parts {
		cfg := f.pool(n)
		for i := range len(cfg.Servers) + len(cfg.Backups) {
			has[pool.ServerOf(cfg, i)] = true
		}
	}
	for _, one := range all {
		for _, k := range one.servers {
			for _, server := range k.servers {
				for l := 0; l <= f.othersLoop() && !has[server]; l++ {
					j.Clean(l, j.Server(server))
				}
			}
		}
	}
}

// rearrange has a loop's part of a pool find its groups. Requests wait until transit has replaced these.
func (f *Owner) rearrange(sh *session.Shard, s *plan.Successor, before, after []int) {
	if before[0] != s.Index || after[0] != s.Index {
		f.arrange(sh, s.Index, s.Rings, after)
	}
	for _, n := range after {
		sh.Pools[n].Held = true
	}
}

// forsake answers what was asked for while keys were placed as before.
func forsake(sh *session.Shard, parts []int) {
	for _, n := range parts {
		if p := sh.Pools[n]; p.Relay {
			p.Forsake([]byte(forsaken))
		}
	}
}

// inherits gives who decides for a group first what it begins with.
func (f *Owner) inherits(w *want, d core.Decision) {
	l := f.left[d.Group]
	delete(f.left, d.Group)
	if l == nil || l.epoch != d.Epoch || l.moves == nil {
		return
	}
	w.moves = l.moves
	for n, m := range l.missed {
		if l.moves.Gains(n) {
			w.missed[n] = m
		}
	}
}

// readFile is the goroutine that has this process read its file, because another member wants other pools. If the
// process does not get ready for these then, none of the members changes.
func (f *Owner) readFile(since uint64) {
	defer f.done.Done()
	err := errCannotRead
	if f.o.Reload != nil {
		err = f.o.Reload(f.ctx)
	}
	if err == nil {
		err = errors.New("its file has not the pools that others have")
	}
	f.member.Load().Do(func(c *core.Core, now time.Duration) {
		v := c.View()
		if n := v.Change; n != nil && n.Since == since && !c.Changing() {
			c.Abandon(now, err.Error())
		}
	})
}

// errCannotRead is why a process does not read its file.
var errCannotRead = errors.New("it has no file to read again")
