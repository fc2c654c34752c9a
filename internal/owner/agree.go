package owner

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"magent/internal/config"
	"magent/internal/fleet/core"
	"magent/internal/fleet/member"
	"magent/internal/fleet/view"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/service"
	"magent/internal/session"
)

// A reload that places keys in another way is one of all members. Each reads its file, and is ready when it has the
// same one. When all are, they hold their clients, and owners give up their groups. Then all go over, or none does.

// Limits of a change. Who asks for one waits for half a minute.
const (
	readyTime  = 8 * time.Second // until all members have read their files
	quietTime  = 8 * time.Second // until what is under way has ended, on this member
	yieldTime  = 6 * time.Second // until all hold their clients, and owners have given up their groups
	decideTime = 4 * time.Second // until it is known whether it was given up
	endTime    = time.Second     // likewise, in a process that is told to end
)

// GoOver has all members place keys in another way, or none, and says why they do not. It may not be decided by then
// (Turn.Pending). When all have gone over, follow is called before clients go on.
func (f *Owner) GoOver(t *Turn, follow func()) error {
	if err := f.mayBegin(t); err != nil {
		t.end(err)
		return err
	}
	m := f.member.Load()
	m.Do(func(c *core.Core, now time.Duration) { f.beginTurn(c, now, t) })
	f.bringAbout(t, m)
	decided := f.awaitDecision(t)
	t.loose.Store(!decided)
	if t.Turned() {
		follow()
	}
	f.holdClients(false)
	switch {
	case !decided:
		return errors.New(service.Undecided + ": this member hears nothing of the others. It does as they do when " +
			"it learns that, and its log says so then")
	case t.err != nil:
		return t.err
	}
	var parts []int
	for _, s := range t.Changed() {
		parts = append(parts, f.allOf(s.Index)...)
	}
	f.awaitParts(parts)
	return nil
}

// mayBegin makes the groups of a change, and says why it cannot begin.
func (f *Owner) mayBegin(t *Turn) error {
	if err := f.member.Load().View().Unready(); err != nil {
		return fmt.Errorf("what places keys changes on all members at a time: %w", err)
	}
	for _, s := range t.Changed() {
		if s.From < 0 {
			continue
		}
		if err := f.mayNow(s, f.parts(s.From)); err != nil {
			return err
		}
	}
	switch {
	case f.turn.Load() != nil:
		return ErrPending
	case f.inTransit(func() { f.addGroups(t) }):
		return nil
	case f.ends():
		return service.ErrEnding
	}
	return ErrPending
}

// ErrPending is why nothing of the pools can change.
var ErrPending = errors.New("a change before this one is not decided yet: try again")

// bringAbout takes this member's part in a change, until that is decided or given up.
func (f *Owner) bringAbout(t *Turn, m *member.Member) {
	if !f.await(t, readyTime, func() bool { return m.View().All(view.Standby) }) {
		f.abandon(t, "not ready within "+readyTime.String()+": "+strings.Join(m.View().Behind(view.Standby), ", "))
		return
	}
	f.holdClients(true)
	if !f.await(t, quietTime, f.quiet) {
		f.abandon(t, "what its clients have asked for has not ended within "+quietTime.String())
		return
	}
	m.Do(func(c *core.Core, now time.Duration) { c.Hold(now) })
	if !f.await(t, yieldTime, t.decided) {
		f.abandon(t, "what is under way at others has not ended within "+yieldTime.String())
	}
}

// await waits for something, or until a change is decided. It returns false when the time is up, or the process ends.
func (f *Owner) await(t *Turn, limit time.Duration, done func() bool) bool {
	for began := time.Now(); !t.decided() && !done(); time.Sleep(poll) {
		if f.ends() || time.Since(began) > limit {
			return false
		}
	}
	return true
}

// awaitDecision waits until it is known what has become of a change, and reports whether it is.
func (f *Owner) awaitDecision(t *Turn) bool {
	limit, ends := time.Now().Add(decideTime), false
	for ; !t.decided() && f.ctx.Err() == nil && time.Now().Before(limit); time.Sleep(poll) {
		if f.ends() && !ends {
			limit, ends = time.Now().Add(endTime), true
		}
	}
	return t.decided()
}

// beginTurn says that this member is ready for a change. It runs on the member's goroutine, as abandon does its work.
func (f *Owner) beginTurn(c *core.Core, now time.Duration, t *Turn) {
	if c.Changing() {
		t.end(ErrPending)
		return
	}
	f.turn.Store(t)
	switch c.Prepare(now, t.Text, t.Groups, t.asked); {
	case c.Changing():
	case t.asked > 0:
		f.endTurn(t, errors.New("the change of the other members is over: try again"))
	default:
		f.endTurn(t, ErrOvertaken)
	}
}

// abandon gives a change up.
func (f *Owner) abandon(t *Turn, why string) {
	if f.ends() {
		why = service.ErrEnding.Error()
	}
	f.member.Load().Do(func(c *core.Core, now time.Duration) {
		if t.decided() {
			return
		}
		if c.Abandon(now, why); !c.Changing() {
			f.endTurn(t, errors.New(why))
		}
	})
}

// holdClients has clients of memcacheds begin nothing, or go on.
func (f *Owner) holdClients(hold bool) {
	f.o.OnAll(func(sh *session.Shard) {
		if sh.Changing = hold; !hold {
			sh.Wake()
		}
	})
}

// quiet reports whether nothing that clients have asked for is under way.
func (f *Owner) quiet() bool {
	var busy atomic.Bool
	f.o.OnAll(func(sh *session.Shard) {
		for i := range f.count() {
			if !f.pool(i).Redis && !sh.Pools[i].Engine.Idle() {
				busy.Store(true)
			}
		}
	})
	return !busy.Load()
}

// addGroups makes the pools and the groups that there are not yet. They are set aside until the view has them. It is
// called by transit.
func (f *Owner) addGroups(t *Turn) {
	release := f.o.StopTheWorld()
	defer release()
	for _, s := range t.Changed() {
		if s.Index < 0 {
			s.Index = f.add(s.Config)
		}
		for n := range s.Groups {
			f.add(&s.Groups[n])
		}
	}
}

// add makes a pool, unless there is one of its name. It returns its index.
func (f *Owner) add(cfg *config.Pool) (index int) {
	rings, err := placement.New(cfg)
	if i, there := f.named(cfg.Name); there || err != nil { // it is a part of what has rings
		return i
	}
	i, peers := f.o.AddGroup(cfg, rings)
	pool.Watch(peers)
	for _, p := range peers {
		p.SetAside([]byte(refusal))
		p.Held, p.Coming = true, cfg.Of == nil
	}
	f.layAt(i, cfg)
	return i
}
