package core

import (
	"fmt"
	"slices"
	"time"

	"go.etcd.io/raft/v3/raftpb"

	"magent/internal/fleet/durable"
	"magent/internal/fleet/hearing"
	"magent/internal/fleet/view"
)

// silentFor tells for how many ticks a process was not heard.
func (c *Core) silentFor(name string, incarnation uint64) int {
	if name == c.cfg.Name {
		if incarnation == c.meta.Incarnation {
			return 0
		}
		return suspectTicks + 1
	}
	h := c.heard[name][incarnation]
	if h == nil { // in the view, and never heard: the time runs from here
		c.heard.Note(c.tick, name, incarnation)
		return 0
	}
	return c.tick - h.Last
}

// latest is the process of a member that says hello now; nil: there is none.
func (c *Core) latest(name string) *hearing.Heard { return c.heard.Latest(c.tick, name) }

// present is the process of a member that may take the place of the one that the view has: the one that has followed
// it, or else the one that says hello now. nil: there is neither.
func (c *Core) present(m *view.Member) *hearing.Heard {
	if h := c.heard.Successor(c.tick, m.Name, m.Voter, m.Incarnation); h != nil && c.welcome(h) {
		return h
	}
	return c.latest(m.Name)
}

// welcome tells whether a process can be in this generation: it is, or it is in none. One that is in another one
// has to give in first.
func (c *Core) welcome(h *hearing.Heard) bool {
	return h.Generation.Number == 0 || h.Generation == c.meta.Generation
}

// greet says hello to all, every tick.
func (c *Core) greet() {
	if c.named { // an incarnation must not come twice
		c.serial++
		c.hail()
	}
}

// Hail says hello between ticks: a link to a member has come up, which may not have heard of this process yet.
func (c *Core) Hail(now time.Duration, name string) {
	c.at(now)
	if c.linked[name] = true; c.broken == "" {
		c.hail()
	}
}

// hail says hello once more in a tick, with what is known by now.
func (c *Core) hail() {
	if c.serial == 0 {
		return
	}
	h := Hello{
		Serial: c.serial, Voter: c.meta.Voter, Epoch: max(c.view.Epoch, c.floor), Known: c.meta.Known,
		Oldest: c.cfg.Oldest, Newest: c.cfg.Newest, Pools: c.cfg.Pools, Ceding: c.ceding,
		Divided: c.meta.Divided, Hears: c.heard.Hears(c.tick),
	}
	if c.log != nil {
		h.Conf = c.log.conf
	}
	if !slices.Equal(c.cfg.Pools, c.view.Pools) {
		h.Groups = c.cfg.Groups
	}
	for incarnation := range c.told {
		h.Told = append(h.Told, incarnation)
	}
	slices.Sort(h.Told)
	for _, p := range c.cfg.List {
		if p.Name != c.cfg.Name {
			c.send(p.Name, Message{Hello: &h})
		}
	}
}

// wait makes a process that nobody takes in, although there is a fleet, another one now and then: it may have been
// taken in, and put out, without getting to know of either.
func (c *Core) wait() {
	there := c.meta.Known
	for _, p := range c.cfg.List {
		h := c.latest(p.Name)
		there = there || h != nil && h.Generation.Number > 0
	}
	if c.homeless++; c.log != nil || c.begun || !there {
		c.homeless = 0
	}
	if c.homeless > hopelessTicks {
		c.homeless = 0
		c.reset()
	}
}

// found begins the first generation. The first in the list among the members without a generation does so, in two
// cases. It hears a majority of the list and none of them has been in a fleet, or it hears all members. Members that
// it does not hear count as silent voters, so no other majority can do the same. Those come first that may know what
// others do not (Hello.Divided).
func (c *Core) found() {
	if c.log != nil || c.begun || !c.named || c.tick < foundTicks || c.cfg.witness() {
		return
	}
	members, knows, heard := make([]view.Member, len(c.cfg.List)), make([]bool, len(c.cfg.List)), 0
	first, after, known, divided := "", c.floor, c.meta.Known, c.meta.Divided
	for i, p := range c.cfg.List {
		m := &members[i]
		*m = view.Member{Name: p.Name, Witness: p.Witness, Voter: c.cfg.NewID()}
		h := c.latest(p.Name)
		switch {
		case p.Name == c.cfg.Name:
			m.Voter, m.Incarnation, m.Oldest, m.Newest = c.meta.Voter, c.meta.Incarnation, c.cfg.Oldest, c.cfg.Newest
			knows[i] = c.meta.Divided && !p.Witness
		case h == nil:
			continue
		case h.Generation.Number > 0:
			return
		case !p.Witness && !view.SamePools(h.Hello.Pools, c.cfg.Pools):
			if first == c.cfg.Name { // this member founds the fleet, if any does
				c.refuse(p.Name, h.Incarnation, view.OtherPools(p.Name, c.cfg.Pools, h.Hello.Pools))
			}
			continue
		case h.Hello.Oldest > c.cfg.Newest || h.Hello.Newest < c.cfg.Oldest:
			continue
		default:
			m.Voter, m.Incarnation, m.Oldest, m.Newest = h.Hello.Voter, h.Incarnation, h.Hello.Oldest, h.Hello.Newest
			after, known = max(after, h.Hello.Epoch), known || h.Hello.Known
			divided = divided || h.Hello.Divided
			knows[i] = h.Hello.Divided && !p.Witness
		}
		m.State = view.Alive
		heard++
		if first == "" && !p.Witness {
			first = p.Name
		}
	}
	if at := slices.Index(knows, true); at >= 0 {
		first = members[at].Name
		joinLater(members, knows)
	}
	g := view.Generation{Number: 1, ID: c.cfg.NewID()}
	if first != c.cfg.Name {
		return
	}
	if known && heard < len(members) {
		return // somebody who is not there may know better
	}
	fresh := !known && !divided && heard == len(members)
	if v := view.Found(g, after, members, c.cfg.Groups, c.cfg.Pools, fresh); heard > len(members)/2 {
		c.begin(g, v, v.Voters(), "the fleet is founded", c.campaign)
	} else if len(members) == 2 && c.mayGoAlone() && c.tick > foundTicks+suspectTicks {
		v = view.Survive(v, g, c.cfg.Name, false, false)
		c.begin(g, v, v.Voters(), "the fleet is founded by "+c.cfg.Name+" alone, as --fleet-alone says", c.campaign)
	}
}

// joinLater has those who begin a fleet join it who are not among those that know what others do not: what servers
// have missed, for instance, when a member has lost its disk. Those tell all that they know to who joins.
func joinLater(members []view.Member, knows []bool) {
	for i := range members {
		if m := &members[i]; !knows[i] && !m.Witness && m.State == view.Alive {
			m.State = view.Joining
		}
	}
}

// begin goes over to another generation: with its first view, for a reason, or, without voters, to be told
// by those who are in it. then is what comes first.
func (c *Core) begin(g view.Generation, v view.View, voters []uint64, reason string, then func()) {
	c.meta.Generation, c.meta.Known = g, true
	c.log, c.begun = nil, true
	c.heard.Discount()
	meta := c.meta
	w := durable.Write{Meta: &meta, Whole: true, Sync: true}
	if len(voters) > 0 {
		w.Snapshot = &raftpb.Snapshot{Data: v.Encode(), Metadata: &raftpb.SnapshotMetadata{
			ConfState: &raftpb.ConfState{Voters: voters}, Index: new(uint64(1)), Term: new(uint64(1)),
		}}
		w.Hard = &raftpb.HardState{Term: new(uint64(1)), Vote: new(uint64(0)), Commit: new(uint64(1))}
	}
	seq := c.write(w)
	c.waiting = append(c.waiting, waiting{seq, func() {
		c.begun = false
		c.must(c.openLog(&durable.State{Meta: meta, Hard: w.Hard, Snapshot: w.Snapshot}))
		c.elect()
		if len(voters) > 0 {
			c.adopt(v, reason)
		}
		then()
	}})
}

// campaign has this member lead: there is nobody else yet. succeed does so again until there is a leader.
func (c *Core) campaign() {
	c.orphaned = c.tick
	c.must(c.log.node.Campaign())
}

// meet joins another generation in two cases: this one cannot go on without members that are in the other one, or this
// one has no other member and the other one's name wins.
func (c *Core) meet() {
	l := c.log
	if l == nil {
		return
	}
	if c.lonely++; len(l.conf) > 0 || !c.abandoned() {
		c.lonely = 0
	}
	if len(l.conf) == 0 {
		if c.lonely > hopelessTicks {
			c.giveIn(false, true, "another part of the fleet has gone on")
		}
		return
	}
	over, fresh := c.missing()
	majority := len(l.conf)/2 + 1
	stuck := over > 0 && len(l.conf)-over < majority
	alone := len(l.conf) == 1 && l.votes()
	for _, p := range c.cfg.List {
		h := c.latest(p.Name)
		stuck = stuck || alone && h != nil && h.Generation.Number > 0 && h.Generation.Over(c.meta.Generation)
	}
	if c.hopeless++; len(l.conf)-over-fresh >= majority {
		c.hopeless = 0
	}
	if c.stuck++; !stuck {
		c.stuck = 0
	}
	switch {
	case c.stuck > freshTicks:
		c.giveIn(alone, true, "another part of the fleet has gone on")
	case c.hopeless > hopelessTicks:
		c.giveIn(true, false, "most of the fleet has lost its state")
	}
}

// missing counts the other voters that are in another generation by now, and those whose members have lost their
// state.
func (c *Core) missing() (over, fresh int) {
	for _, id := range c.log.conf {
		m := c.view.ByVoter(id)
		if id == c.log.id || m == nil {
			continue
		}
		switch h := c.latest(m.Name); {
		case h == nil || h.Generation == c.meta.Generation:
		case h.Generation.Number > 0:
			over++
		case h.Hello.Voter != id:
			fresh++
		}
	}
	return over, fresh
}

// abandoned tells whether others are heard, and nobody who is in this generation.
func (c *Core) abandoned() (others bool) {
	for _, p := range c.cfg.List {
		h := c.latest(p.Name)
		if h != nil && h.Generation == c.meta.Generation {
			return false
		}
		others = others || h != nil
	}
	return others
}

// giveIn leaves the generation, to join another one as a voter that nobody has heard of, or, if it is not known
// that there is one, to found it. divided: this member may have decided, or was to know, what the others do not
// know.
func (c *Core) giveIn(divided, known bool, reason string) {
	c.dropAll(reason)
	c.floor = max(c.floor, c.view.Epoch+c.log.last-c.log.applied)
	divided = divided || c.meta.Divided
	c.meta = durable.Meta{Voter: c.cfg.NewID(), Incarnation: c.meta.Incarnation, Known: known, Divided: divided}
	c.log, c.view, c.hopeless, c.lonely, c.stuck, c.marked = nil, view.View{}, 0, 0, 0, false
	c.heard.Discount()
	c.write(durable.Write{Meta: new(c.meta), Whole: true, Sync: true})
	c.decide(Decision{Act: Reborn, Reason: reason})
	c.decide(Decision{Act: Changed, Reason: reason})
	c.reset()
}

// mayGoAlone tells whether --fleet-alone lets this member go on without proof.
func (c *Core) mayGoAlone() bool {
	return c.cfg.Alone == AloneAlways || c.cfg.Alone == AloneVIP && c.vip
}

// VIP says whether this machine has the --vip address.
func (c *Core) VIP(has bool) { c.vip = has }

// survive goes on alone where two vote, the other one is dead or, as --fleet-alone allows, silent. Whatever the
// log has may have been agreed on by both, whether this member knows it or not; so it all counts.
func (c *Core) survive() {
	l := c.log
	if l == nil || len(l.conf) != 2 || !l.votes() || c.begun || l.appends > 0 {
		return
	}
	other := c.view.ByVoter(l.conf[0])
	if l.conf[0] == l.id {
		other = c.view.ByVoter(l.conf[1])
	}
	if other == nil || other.Name == c.cfg.Name {
		return
	}
	proven := other.Incarnation != 0 && c.proven[other.Name] == other.Incarnation
	h := c.present(other)
	back := h != nil && h.Incarnation != other.Incarnation &&
		h.Hello.Voter == other.Voter && h.Generation == c.meta.Generation
	silent := c.voterIsSilent(other)
	// By a view that the other one has, too: it neither decides nor goes on alone, unless there is a third voter.
	out := other.State == view.Absent && !c.votersMayChange()
	if back || !proven && !(silent && (out || c.mayGoAlone())) {
		return
	}
	v := c.possible()
	if !v.Has(c.cfg.Name, c.meta.Incarnation) || v.Member(c.cfg.Name).State != view.Alive {
		return
	}
	g := view.Generation{Number: c.meta.Generation.Number + 1, ID: c.cfg.NewID()}
	divided := proven && c.cfg.Alone != AloneProven && c.lease.Until(c.cfg.Lease) <= c.now
	v = view.Survive(v, g, c.cfg.Name, proven, divided)
	reason := fmt.Sprintf("%s is dead: %s goes on alone", other.Name, c.cfg.Name)
	if !proven {
		reason = fmt.Sprintf("%s is not heard of: %s goes on alone", other.Name, c.cfg.Name)
	}
	c.begin(g, v, v.Voters(), reason, c.campaign)
}

// voterIsSilent tells whether no process was heard for long that may be the voter of a member in the view. One that
// has not said hello since this member is where it is now may be it.
func (c *Core) voterIsSilent(m *view.Member) bool {
	if c.silentFor(m.Name, m.Incarnation) <= suspectTicks {
		return false
	}
	for _, h := range c.heard[m.Name] {
		if (h.Greetings == 0 || h.Hello.Voter == m.Voter) && c.tick-h.Last <= suspectTicks {
			return false
		}
	}
	return true
}

// votersMayChange tells whether the log has other voters that this member does not count with yet. The others may.
func (c *Core) votersMayChange() bool {
	return slices.ContainsFunc(c.unapplied(), func(e *raftpb.Entry) bool { return e.GetType() != raftpb.EntryNormal })
}

// unapplied are the entries of the log that are not decided, as far as this member knows.
func (c *Core) unapplied() []*raftpb.Entry {
	l := c.log
	if l.last == l.applied {
		return nil
	}
	entries, err := l.store.Entries(l.applied+1, l.last+1, 1<<30)
	c.must(err)
	return entries
}

// possible is the view after all that is in the log, decided or not.
func (c *Core) possible() view.View {
	v := c.view
	for _, e := range c.unapplied() {
		if e.GetType() != raftpb.EntryNormal || len(e.GetData()) == 0 {
			continue
		}
		cmd, err := view.ParseCommand(e.GetData())
		if err != nil {
			return view.View{}
		}
		if next, _, err := view.Apply(v, cmd); err == nil {
			v = next
		}
	}
	return v
}
