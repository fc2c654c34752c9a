package owner

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/gate"
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
	case bytes.Equal(v.Pools, t.text) && bytes.Equal(c.Pools(), t.text):
		f.goOver(t, v.Turned)
		f.endTurn(t, nil)
	case c.Changing() && n != nil && t.since == 0 && !bytes.Equal(n.Pools, t.text):
		err := f.otherFile(n, t.text)
		c.Abandon(gate.Now(), err.Error())
		f.endTurn(t, err)
		f.heard = n.Since
	case c.Changing():
		if n != nil {
			t.since = n.Since
		}
	case n == nil || n.Since != t.since && (t.since > 0 || !bytes.Equal(n.Pools, t.text)):
		f.endTurn(t, errors.New(reason))
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
	var parts, gone []int
	for i, s := range t.pools {
		before := f.parts(i)
		known, due := f.takeKnown(before)
		f.setPool(i, s.cfg)
		for n := range s.groups {
			f.setPool(f.index(s.groups[n].Name), &s.groups[n])
		}
		after := f.parts(i)
		for _, n := range after {
			f.passOn(n, known, due, s, epoch)
		}
		f.cleanGone(known, after)
		f.o.OnAll(func(sh *session.Shard) { f.rearrange(sh, i, s, before, after) })
		if t.loose.Load() {
			all := slices.Concat(before, after) // once: loops run at the same time
			f.o.OnAll(func(sh *session.Shard) { forsake(sh, all) })
		}
		parts = append(parts, f.allOf(i)...)
		gone = append(gone, slices.DeleteFunc(before, func(n int) bool { return slices.Contains(after, n) })...)
	}
	f.told = t.text
	f.nextRound(parts)
	f.retire(gone)
}

// known is what is known of a server of a pool.
type known struct {
	journal.Missed
	servers []journal.Server // as which it was known
}

// takeKnown takes what is known of the servers of a pool out of the book, by their addresses, whatever groups it is
// known for. due is when the last flush_all takes effect.
func (f *Owner) takeKnown(parts []int) (all map[string]*known, due int64) {
	all = map[string]*known{}
	for _, n := range parts {
		cfg := f.pool(n)
		for i := range len(cfg.Servers) + len(cfg.Backups) {
			server := pool.ServerOf(cfg, i)
			m, k := f.book.Missed(server), all[server.Address]
			if k == nil {
				k = &known{}
				all[server.Address] = k
			}
			k.servers = append(k.servers, server)
			k.All, k.Incomplete, k.Keys = k.All || m.All, k.Incomplete || m.Incomplete, append(k.Keys, m.Keys...)
			if m.Identity != "" {
				k.Identity = m.Identity
			}
		}
		due = max(due, f.book.Due(cfg.Name))
		f.void(cfg.Name, math.MaxUint64, 0)
	}
	return all, due
}

// passOn enters what is known of the servers of a group that has changed. To those that get keys, these are all
// missing, and what they hold of them may be out of date. The first owner knows which keys these are.
func (f *Owner) passOn(n int, all map[string]*known, due int64, s *successor, epoch uint64) {
	cfg, l := f.pool(n), &legacy{epoch: epoch, moves: s.moves}
	if s.moves != nil && cfg.Of != nil {
		l.moves = s.moves.Group(cfg.Share)
	}
	f.void(cfg.Name, 0, due)
	for i := range len(cfg.Servers) + len(cfg.Backups) {
		server, m := pool.ServerOf(cfg, i), journal.Missed{}
		if k := all[server.Address]; k != nil {
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
func (f *Owner) cleanGone(all map[string]*known, parts []int) {
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
	for _, k := range all {
		for _, server := range k.servers {
			for l := 0; l <= f.othersLoop() && !has[server]; l++ {
				j.Clean(l, j.Server(server))
			}
		}
	}
}

// rearrange has a loop's part of pool i find its groups. Requests wait until transit has replaced these.
func (f *Owner) rearrange(sh *session.Shard, i int, s *successor, before, after []int) {
	if before[0] != i || after[0] != i {
		f.arrange(sh, i, s.rings, after)
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
