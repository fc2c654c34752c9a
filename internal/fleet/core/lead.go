package core

import (
	"fmt"
	"slices"

	"go.etcd.io/raft/v3/raftpb"

	"magent/internal/fleet/hearing"
	"magent/internal/fleet/view"
)

// lead is what raft's leader does: it has the view agree with what it hears. One change at a time: the next when
// this one is decided.
func (c *Core) lead() {
	if c.log == nil || c.view.Epoch == 0 || !c.log.leads() || c.revote() {
		return
	}
	for _, p := range c.cfg.List {
		if cmd := c.judge(p); cmd.Kind != 0 {
			c.propose(cmd)
			return
		}
	}
	if cmd := c.putOut(); cmd.Kind != 0 {
		c.propose(cmd)
	} else if cmd := c.otherPools(); cmd.Kind != 0 {
		c.propose(cmd)
	}
}

// propose asks for a change of the view. It may be lost, and is asked for again as long as it is needed.
func (c *Core) propose(cmd view.Command) {
	if c.log == nil {
		return
	}
	cmd.Version = max(cmd.Kind.Version(), min(c.view.Version, view.Version))
	if err := c.log.node.Propose(cmd.Encode()); err != nil {
		c.ignored++ // nobody leads
	}
	c.pump()
}

// revote has those vote whom the view says: one change at a time, those that are not there first.
func (c *Core) revote() bool {
	want := c.view.Voters()
	if !slices.Contains(want, c.log.id) {
		c.transfer(want)
		return true
	}
	for _, id := range c.log.conf {
		if !slices.Contains(want, id) {
			return c.change(raftpb.ConfChangeRemoveNode, id)
		}
	}
	for _, id := range want {
		if !slices.Contains(c.log.conf, id) {
			return c.change(raftpb.ConfChangeAddNode, id)
		}
	}
	return false
}

func (c *Core) change(t raftpb.ConfChangeType, id uint64) bool {
	err := c.log.node.ProposeConfChange(&raftpb.ConfChange{Type: t.Enum(), NodeId: new(id)})
	return err == nil
}

// transfer has another voter lead, when this one is to vote no more.
func (c *Core) transfer(voters []uint64) {
	for _, id := range voters {
		m := c.view.ByVoter(id)
		if m == nil || m.State == view.Absent || !slices.Contains(c.log.conf, id) {
			continue
		}
		if c.silentFor(m.Name, m.Incarnation) < freshTicks {
			c.log.node.TransferLeader(id)
			return
		}
	}
}

// judge finds out what the view should say of a member; Kind 0: nothing else.
func (c *Core) judge(p Peer) view.Command {
	m := c.view.Member(p.Name)
	if m == nil {
		return view.Command{}
	}
	if m.State != view.Absent && c.silentFor(p.Name, m.Incarnation) > suspectTicks {
		if me := c.view.Member(c.cfg.Name); p.Name != c.cfg.Name && me.State == view.Alive && c.in {
			return view.Command{Kind: view.Bury, Name: p.Name, Incarnation: m.Incarnation, By: c.cfg.Name}
		}
	}
	incarnation, hello := c.meta.Incarnation, Hello{
		Voter: c.meta.Voter, Oldest: c.cfg.Oldest, Newest: c.cfg.Newest, Pools: c.cfg.Pools, Divided: c.meta.Divided,
	}
	if p.Name != c.cfg.Name {
		h := c.present(m)
		if h == nil {
			return view.Command{}
		}
		incarnation, hello = h.Incarnation, h.Hello
		if !c.welcome(h) {
			return view.Command{}
		}
	}
	switch {
	case p.Name == c.cfg.Name && (c.leaving || !c.named):
	case m.State == view.Joining && m.Incarnation == incarnation && c.complete(m, hello.Told, p.Name == c.cfg.Name):
		return view.Command{Kind: view.Ready, Name: m.Name, Incarnation: incarnation}
	case m.Voter == hello.Voter && m.Incarnation >= incarnation: // it ends, or does not know yet that it was put out
	case m.State == view.Absent || m.Voter == hello.Voter:
		return c.invite(m, incarnation, hello)
	}
	return view.Command{}
}

// invite has a process join, or says why it cannot.
func (c *Core) invite(m *view.Member, incarnation uint64, hello Hello) view.Command {
	cmd := view.Command{
		Version: view.Version, Kind: view.Join, Name: m.Name, Incarnation: incarnation, Replaces: m.Incarnation,
		Voter: hello.Voter, Oldest: hello.Oldest, Newest: hello.Newest, Pools: hello.Pools, Divided: hello.Divided,
	}
	_, _, err := view.Apply(c.view, cmd)
	if err == nil {
		joins := c.ear(m, incarnation)
		other := hearing.Apart(c.ears(), &joins)
		if other == nil {
			return cmd
		}
		if !joins.Settled(other) {
			return view.Command{}
		}
		err = fmt.Errorf("%s and %s do not hear each other", m.Name, other.Name)
	}
	if m.Name != c.cfg.Name {
		c.refuse(m.Name, incarnation, err)
	}
	return view.Command{}
}

// complete tells whether who joins was told all by everybody who is alive.
func (c *Core) complete(m *view.Member, told []uint64, self bool) bool {
	for i := range c.view.Members {
		o := &c.view.Members[i]
		if o.Name == m.Name || o.Witness || o.State != view.Alive {
			continue
		}
		if self && !c.told[o.Incarnation] || !self && !slices.Contains(told, o.Incarnation) {
			return false
		}
	}
	return true
}

// otherPools is what the view has to say when all members were restarted with the same other pools; Kind 0: they were
// not. One of which nothing is heard counts for nothing. It is refused if it comes back with those of the view.
func (c *Core) otherPools() (cmd view.Command) {
	cmd.Proven = true
	for i := range c.view.Members {
		m := &c.view.Members[i]
		if m.Witness {
			continue
		}
		incarnation, pools, groups := c.meta.Incarnation, c.cfg.Pools, c.cfg.Groups
		if m.Name != c.cfg.Name {
			h := c.latest(m.Name)
			if h == nil {
				if m.State != view.Absent && c.silentFor(m.Name, m.Incarnation) <= suspectTicks {
					return view.Command{}
				}
				cmd.Proven = cmd.Proven && !c.view.Owns(m.Name, m.Incarnation)
				continue
			}
			incarnation, pools, groups = h.Incarnation, h.Hello.Pools, h.Hello.Groups
		}
		if m.State != view.Absent && m.Incarnation == incarnation || view.SamePools(pools, c.view.Pools) ||
			cmd.Kind != 0 && !view.SamePools(cmd.Pools, pools) {
			return view.Command{}
		}
		if cmd.Kind == 0 {
			cmd.Kind, cmd.Pools, cmd.Groups = view.Pools, pools, groups
		}
	}
	return cmd
}

// Offer says that this member places keys in this way, in these groups: it has taken the roles of the fleet.
func (c *Core) Offer(pools []byte, groups []view.Group) {
	c.cfg.Pools, c.cfg.Groups = slices.Clone(pools), slices.Clone(groups)
}
