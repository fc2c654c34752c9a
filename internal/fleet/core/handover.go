package core

import (
	"maps"
	"slices"
	"time"

	"go.etcd.io/raft/v3"

	"magent/internal/fleet/view"
)

// request asks for what this member wants of the view, tick by tick until the view has it.
func (c *Core) request() {
	if c.log == nil || c.view.Epoch == 0 {
		if c.leaving && !c.begun && !c.gone {
			c.depart()
		}
		return
	}
	if c.in {
		c.requestOwn()
		c.requestDeaths()
	}
	c.requestLeave()
}

func (c *Core) requestOwn() {
	if c.lapsed {
		c.ask(view.Command{Kind: view.Lapse, Life: c.life})
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.holds)) {
		c.requestMove(name, c.holds[name])
	}
}

// requestMove moves a group that is not at home, when its home has been well for a while, and asks for what was
// handed over to go on. What is moved home waits for a change of the pools: owners have looked whether their keys may
// move.
func (c *Core) requestMove(name string, h *holding) {
	g := c.view.Group(name)
	switch h.stage {
	case decides:
		if g.Silent > 0 {
			c.ask(view.Command{Kind: view.Began, Group: name, Since: h.since})
			return
		}
		to := view.Wish(&c.view, g)
		since, ok := c.well[to]
		wished := to != "" && ok && c.now-since >= c.cfg.HomeAfter && !c.cedes(to) && c.view.Change == nil
		if g.Divided {
			to, wished = c.cfg.Name, true
		}
		if successor := c.successor(); c.ceding && successor != "" {
			to, wished = successor, true
		}
		if c.view.Quiet() {
			to, wished = "", true
		}
		if c.leaving && c.marked || wished {
			h.stage, h.to = drains, to
			c.decide(Decision{Act: HandOver, Group: name, Epoch: h.since, Name: to})
		}
	case waits:
		if successor := c.successor(); c.leaving || c.ceding && successor != "" {
			h.stage, h.clean, h.to = stopped, g.Settled, successor
		}
	case stopped:
		if c.view.Quiet() {
			return // all groups together: press
		}
		// Who goes on has to know all that this process does.
		if !c.leaving && c.stream.settled() {
			to := h.to
			if m := c.view.Member(to); m == nil || m.State != view.Alive {
				to = ""
			}
			c.ask(view.Command{Kind: view.Release, Group: name, Since: h.since, To: to, Settled: h.clean})
		}
	}
}

// Released says that nothing is under way for a group any more, as HandOver has asked. The connections may stay, for
// other groups. settled: all copies agree, or it is recorded which do not (view.Group).
func (c *Core) Released(now time.Duration, group string, epoch uint64, settled bool) {
	c.at(now)
	if h := c.holds[group]; h != nil && h.since == epoch && h.stage == drains {
		h.stage, h.clean = stopped, settled
		c.decide(Decision{Act: Stop, Group: group, Epoch: epoch})
	}
	c.request()
	c.press()
}

// Anew has this process hand a group that it decides for over to itself. It finishes what is under way, and begins
// with Own in a new epoch. In any other stage it begins anew anyway, if it decides at all.
func (c *Core) Anew(now time.Duration, group string) {
	c.at(now)
	if h := c.holds[group]; h != nil && h.stage == decides {
		h.stage, h.to = drains, c.cfg.Name
		c.decide(Decision{Act: HandOver, Group: group, Epoch: h.since, Name: h.to})
	}
	c.act()
}

// Cede has this member hand over all that it owns, and own nothing from now on as long as another one can. It stays in
// the view, so the others take its requests.
func (c *Core) Cede(now time.Duration) {
	c.at(now)
	c.ceding = true
	c.greet() // or a group would be moved home to it at once
	c.request()
}

// Resume takes Cede back: this member goes on, and gets back what it is the home of. What it has begun to hand over it
// hands over.
func (c *Core) Resume(now time.Duration) {
	c.at(now)
	c.ceding = false
	c.greet()
}

// Ceded tells whether this member owns nothing any more, or only what nobody else can own.
func (c *Core) Ceded() bool { return len(c.holds) == 0 || c.successor() == "" }

// cedes tells whether a member has said that it is to own nothing.
func (c *Core) cedes(name string) bool {
	m := c.view.Member(name)
	if m == nil {
		return false
	}
	h := c.heard[name][m.Incarnation]
	return h != nil && h.Hello.Ceding
}

// successor is who gets what this member cedes. Empty: nobody can.
func (c *Core) successor() string {
	for i := range c.view.Members {
		m := &c.view.Members[i]
		if m.Name != c.cfg.Name && m.State == view.Alive && !m.Witness && !c.cedes(m.Name) {
			return m.Name
		}
	}
	return ""
}

// Leave begins to leave: groups are handed over, then the view goes on without this member, then Left is decided.
// A fleet whose last member ends has nobody to hand over to; then Left comes at once, and the member is still in
// the view.
func (c *Core) Leave(now time.Duration) {
	c.at(now)
	if !c.leaving {
		c.leaving = true
		c.request()
	}
}

// requestLeave asks to be left out when nothing is decided here any more. That this was asked for is kept first:
// the state of a member that has left is out of date, so it comes back as another voter.
func (c *Core) requestLeave() {
	if !c.leaving || c.gone {
		return
	}
	if c.in && !c.others() {
		c.stay()
		return
	}
	if c.in && !c.marked {
		if !c.meta.Left {
			c.meta.Left = true
			c.writeMeta(func() { c.marked = true; c.request() })
		}
		return
	}
	for _, h := range c.holds {
		if h.stage != stopped {
			return
		}
	}
	if c.in && !c.dropped {
		c.dropped = true
		c.dropAll("it leaves") // all is finished; the others need not wait for its connections
	}
	switch {
	case c.in && c.stream.settled():
		clean := true
		for _, h := range c.holds {
			clean = clean && h.clean
		}
		c.ask(view.Command{Kind: view.Leave, Settled: clean})
	case !c.in && c.dispensable():
		c.depart()
	}
}

// stay ends as the last one, who stays in the view and knows all at its next start.
func (c *Core) stay() {
	switch {
	case !c.meta.Left:
		c.depart()
	case c.marked:
		c.meta.Left, c.marked = false, false
		c.writeMeta(func() { c.request() })
	}
}

func (c *Core) depart() {
	c.gone = true
	c.decide(Decision{Act: Left})
}

// others tells whether anybody takes part who carries something.
func (c *Core) others() bool {
	return slices.ContainsFunc(c.view.Members, func(m view.Member) bool {
		return m.Name != c.cfg.Name && m.State != view.Absent
	})
}

// dispensable tells whether somebody knows that this member does not vote any more.
func (c *Core) dispensable() bool {
	if !c.log.votes() {
		return true
	}
	for i := range c.view.Members {
		m := &c.view.Members[i]
		h := c.heard[m.Name][m.Incarnation]
		if m.State != view.Absent && h != nil && h.Generation == c.meta.Generation && h.Hello.Epoch >= c.view.Epoch &&
			len(h.Hello.Conf) > 0 && !slices.Contains(h.Hello.Conf, c.log.id) {
			return true
		}
	}
	return false
}

// ask proposes something in the name of this process. A leader waits until what it has proposed before is decided.
func (c *Core) ask(cmd view.Command) {
	if c.Leader() && !c.log.leads() {
		return
	}
	c.asked = c.tick
	cmd.Name, cmd.Incarnation = c.cfg.Name, c.meta.Incarnation
	c.propose(cmd)
}

// Proven says that a process of a member does not run any more: its link has ended, and its address refuses
// connections or another incarnation answers there. The latter counts only if it was asked for after the link had
// ended.
func (c *Core) Proven(now time.Duration, name string, incarnation uint64) {
	c.at(now)
	if m := c.view.Member(name); m != nil && m.Incarnation == incarnation && m.State != view.Absent &&
		name != c.cfg.Name {
		c.proven[name] = incarnation
	}
	c.succeed()
	c.request()
	c.survive()
	c.act()
}

// succeed has another voter lead at once when raft's leader is proven to be dead, or silent: the first in the list
// that is heard, or after a while the next one, for the log of the first may be behind. The others forget the leader,
// so that they vote. raft alone would wait for a random time, and two might begin at the same one.
//
// An election that is under way is left alone for a while, for each vote is written first: whoever begins another one
// has all write anew, and where disks are slow none comes to its end.
func (c *Core) succeed() {
	if c.log == nil {
		return
	}
	l := c.log
	lead := c.view.ByVoter(l.node.BasicStatus().Lead)
	if lead != nil && lead.Name != c.cfg.Name && c.isGone(lead) {
		c.must(l.node.ForgetLeader())
		c.orphaned = c.tick
		c.answerEarly()
	}
	if l.node.BasicStatus().Lead != raft.None {
		c.orphaned, l.polled = 0, 0
	}
	rank := c.rank()
	due := c.orphaned
	if l.polled > 0 {
		due = max(due, l.polled+pollTicks)
	}
	if c.orphaned > 0 && rank >= 0 && c.tick-due >= rank*nextTicks {
		c.must(l.node.Campaign())
	}
	c.pump()
}

// answerEarly answers who knew before this member that the leader is gone: raft has ignored him.
func (c *Core) answerEarly() {
	if m := c.log.early; m != nil && c.tick-c.log.earlyAt <= freshTicks {
		if err := c.log.node.Step(m); err != nil {
			c.ignored++ // of a voter that is none any more
		}
	}
	c.log.early = nil
}

// isGone tells whether the process that the view has of a member is proven to be dead, or silent.
func (c *Core) isGone(m *view.Member) bool {
	return m.Incarnation != 0 && c.proven[m.Name] == m.Incarnation ||
		c.silentFor(m.Name, m.Incarnation) >= goneTicks
}

// rank tells how many voters that are heard come before this one in the list; -1: it is none.
func (c *Core) rank() (before int) {
	for i := range c.view.Members {
		m := &c.view.Members[i]
		switch {
		case m.Name == c.cfg.Name:
			if c.log.votes() {
				return before
			}
			return -1
		case m.State == view.Absent || c.proven[m.Name] == m.Incarnation || !slices.Contains(c.log.conf, m.Voter):
		case c.silentFor(m.Name, m.Incarnation) < freshTicks:
			before++
		}
	}
	return -1
}

// requestDeaths has members buried: those that are proven dead, and those that do not keep what they are told.
func (c *Core) requestDeaths() {
	if c.log == nil || !c.Joined() || c.Leader() && !c.log.leads() {
		return
	}
	for i := range c.view.Members {
		m := c.view.Members[i]
		dead := m.State != view.Absent && c.proven[m.Name] == m.Incarnation && m.Incarnation != 0
		if p := c.stream.peers[m.Name]; dead || p != nil && p.behind > behindTicks {
			c.propose(view.Command{
				Kind: view.Bury, Name: m.Name, Incarnation: m.Incarnation, By: c.cfg.Name,
				Proven: dead,
			})
			return
		}
	}
}
