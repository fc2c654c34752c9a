package core

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"magent/internal/fault"
	"magent/internal/fleet/view"
)

// wish is what this member wants the pools to be.
type wish struct {
	pools  []byte
	groups []view.Group
	asked  uint64 // the change that this member was asked for; 0: it wants the pools by itself
	since  uint64 // the epoch in which the view had it, with this member; 0: not yet
	holds  bool   // nothing of this member's clients is under way
}

// press is what was asked for, and when. It is asked for again with each tick.
type press struct {
	kind  view.Kind
	holds bool
	since uint64
	tick  int
}

// Prepare says that this member is ready to place keys in another way, in these groups. The pools change when all
// members are, and hold. The view tells how far they are (view.Change), and whether it came to that: then this member
// has the other pools from now on. Any of them may give it up. It must not be called while this member is Changing.
//
// asked is the change of the view (view.Change.Since) that this member takes part in, because another one wants it.
// When that is over, it wants nothing any more: what it has looked at before may have changed. 0: it wants the pools
// by itself. It gives that up, and is not Changing, where the view has a change to others, be it of roles alone.
func (c *Core) Prepare(now time.Duration, pools []byte, groups []view.Group, asked uint64) {
	c.at(now)
	if w := (&wish{pools: bytes.Clone(pools), groups: slices.Clone(groups), asked: asked}); w.suits(c.view.Change) {
		c.wish = w
	}
	c.act()
}

// suits tells whether this can be wanted while the view has a change.
func (w *wish) suits(n *view.Change) bool {
	since := max(w.asked, w.since)
	if n == nil {
		return since == 0
	}
	return (since == 0 || since == n.Since) && bytes.Equal(n.Pools, w.pools)
}

// Hold says that nothing of this member's clients is under way, and that they begin nothing until the view says that
// the pools have changed, or that they do not.
func (c *Core) Hold(now time.Duration) {
	c.at(now)
	if c.wish != nil {
		c.wish.holds = true
	}
	c.act()
}

// Abandon says why the pools cannot change to what this member wants, or what the view has. As long as the view has a
// change, that is not decided yet.
func (c *Core) Abandon(now time.Duration, why string) {
	c.at(now)
	c.why = why
	if c.wish != nil && c.wish.since == 0 {
		c.wish = nil // it has not said that it holds, so it does not come to that
	}
	c.act()
}

// turn brings what this member wants into line with a view that it is about to adopt.
func (c *Core) turn(next *view.View) {
	n, w := next.Change, c.wish
	if n == nil || c.view.Change == nil || n.Since != c.view.Change.Since {
		c.why = ""
	}
	switch {
	case w == nil:
	case w.since > 0 && bytes.Equal(next.Pools, w.pools):
		c.cfg.Pools, c.cfg.Groups, c.wish = w.pools, w.groups, nil
	case !w.suits(n):
		c.wish = nil
	case n != nil && c.prepared(next) > view.Unprepared:
		w.since = n.Since
	}
}

// prepared is how far the view has this process.
func (c *Core) prepared(v *view.View) view.Prepared {
	if !v.Has(c.cfg.Name, c.meta.Incarnation) {
		return view.Unprepared
	}
	return v.Member(c.cfg.Name).Prepared
}

// press asks for what has to be said about a change of the pools.
func (c *Core) press() {
	if c.log == nil || !c.in || c.lapsed || c.Leader() && !c.log.leads() {
		return
	}
	cmd := c.changing()
	now := press{cmd.Kind, cmd.Holds, cmd.Since, c.tick}
	if cmd.Kind == 0 || now == c.pressed {
		return
	}
	c.pressed = now
	cmd.Name, cmd.Incarnation = c.cfg.Name, c.meta.Incarnation
	c.propose(cmd)
}

// changing is what this member has to say about a change of the pools; Kind 0: nothing.
func (c *Core) changing() view.Command {
	n, w, come := c.view.Change, c.wish, c.prepared(&c.view)
	switch {
	case n == nil && w == nil:
	case n == nil:
		return view.Command{Kind: view.Prepare, Pools: w.pools, Groups: w.groups}
	case c.why != "":
		return view.Command{Kind: view.Abandon, Since: n.Since, Why: c.why}
	case come > view.Unprepared && (w == nil || w.since != n.Since): // it was asked for twice, or came late
		return view.Command{Kind: view.Abandon, Since: n.Since, Why: "it does not want them any more"}
	case w == nil:
	case come == view.Unprepared, come == view.Standby && (w.holds || fault.Hold) && c.view.All(view.Standby):
		holds := come == view.Standby
		return view.Command{Kind: view.Prepare, Since: n.Since, Pools: w.pools, Groups: w.groups, Holds: holds}
	case c.view.Quiet() && c.begins():
		return view.Command{Kind: view.Abandon, Since: n.Since, Why: "it has just got a group from another member"}
	case c.view.Quiet() && len(c.holds) > 0:
		return c.yielding(n.Since)
	}
	return view.Command{}
}

// begins tells whether this member is given a group for which it does not decide yet. It knows nothing of the servers,
// so it has not looked whether keys may move, and who had the group may have looked when it had handed that over.
func (c *Core) begins() bool {
	for _, h := range c.holds {
		if h.stage == waits {
			return true
		}
	}
	return false
}

// yielding gives up all groups when nothing is decided here any more, and all know what this member has recorded.
func (c *Core) yielding(since uint64) view.Command {
	settled := true
	for _, name := range slices.Sorted(maps.Keys(c.holds)) {
		if c.asked < c.tick || c.view.Group(name).Silent == 0 {
			c.requestMove(name, c.holds[name])
		}
		h := c.holds[name]
		if h == nil || h.stage != stopped {
			return view.Command{}
		}
		settled = settled && h.clean
	}
	if !c.stream.settled() {
		return view.Command{}
	}
	return view.Command{Kind: view.Yield, Since: since, Settled: settled}
}
