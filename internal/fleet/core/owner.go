package core

import (
	"maps"
	"slices"
	"time"

	"magent/internal/fault"
	"magent/internal/fleet/lease"
	"magent/internal/fleet/view"
)

// learned is when this process learned that a group was taken from an owner who may go on for a while.
type learned struct {
	generation view.Generation
	epoch      uint64
	at         time.Duration
}

// stage is how far an owner has come.
type stage uint8

const (
	waits   stage = iota // for the end of the lease before it, and for its own
	decides              // Own was said
	drains               // HandOver was said
	stopped              // it has handed over, or dropped all
)

// holding is a group that this process owns by the view.
type holding struct {
	since  uint64
	begin  time.Duration // when the owner before it has ended at the latest
	stage  stage
	opened time.Duration
	ended  time.Duration        // when the owner before it sent nothing any more
	fenced map[string][]address // by server that may not be used yet: whose connections have to be gone

	answers map[string]answers // by server that still lists some of these

	to    string // who is to have it
	clean bool   // stopped: it has finished what was under way, or has begun nothing after who had
}

// answers are when a server has answered first and last, since nothing more is sent to it.
type answers struct{ first, last time.Duration }

// learn keeps since when this process knows of silent ends.
func (c *Core) learn() {
	for _, g := range c.view.Groups {
		if s := c.silent[g.Name]; s.epoch != g.Silent || s.generation != c.view.Generation {
			if s.epoch == g.Silent && s.generation.Number != 0 {
				s.generation = c.view.Generation // a new generation took it over as it was
				c.silent[g.Name] = s
				continue
			}
			c.silent[g.Name] = learned{c.view.Generation, g.Silent, c.now}
		}
	}
}

// hold brings the groups that this process owns into line with the view.
func (c *Core) hold() {
	for name, h := range c.holds {
		g := c.view.Group(name)
		if g == nil || g.Owner != c.cfg.Name || g.Incarnation != c.meta.Incarnation || g.Since != h.since {
			if h.stage == decides || h.stage == drains {
				c.dropAll("the view has another owner")
			}
			delete(c.holds, name)
		}
	}
	for _, g := range c.view.Groups {
		if g.Owner == c.cfg.Name && g.Incarnation == c.meta.Incarnation && c.holds[g.Name] == nil {
			c.urgent = true
			h := &holding{since: g.Since, begin: c.now, ended: c.now}
			if g.Silent > 0 {
				at := c.silent[g.Name].at
				h.begin, h.ended = lease.Begin(at, c.cfg.Lease), max(c.now, lease.Ended(at, c.cfg.Lease))
			}
			c.holds[g.Name] = h
		}
	}
}

// dropAll ends deciding for all, and has all that the engine has be dropped: connections too that nobody uses just
// now.
func (c *Core) dropAll(reason string) {
	for _, h := range c.holds {
		h.stage, h.clean = stopped, h.clean && h.stage == stopped
	}
	c.decide(Decision{Act: Drop, Reason: reason})
}

// check looks whether the right to decide has been lost. Then all is dropped, and the view has to say so before
// this process may decide again.
func (c *Core) check(now time.Duration) {
	if c.holdsLease(now) || !c.lease.Lost() || c.lapsed {
		return
	}
	deciding := false
	for _, h := range c.holds {
		deciding = deciding || h.stage != waits
	}
	if !deciding {
		c.lease.Reset()
		return
	}
	c.lapsed = true
	c.dropAll("the lease has ended")
}

// Lapse says that a loop has found the lease to have ended, and has dropped all. It may have read the end of the lease
// shortly before it was renewed; what it has dropped is lost all the same.
func (c *Core) Lapse(now time.Duration) {
	c.at(now)
	if !c.lapsed {
		c.lease.Lose()
		c.check(now)
	}
	c.act()
}

// holdsLease tells whether the lease is held. It is not enough: see May.
func (c *Core) holdsLease(now time.Duration) bool {
	return fault.FleetLease || c.lease.Holds(now, c.cfg.Lease)
}

// activate has groups begin whose time has come. Who leaves begins nothing: the view may be about to say that it has
// left, and that it decides for nothing, so that nobody waits.
func (c *Core) activate() {
	if c.lapsed || c.leaving || !c.in || !c.holdsLease(c.now) {
		return
	}
	for _, g := range c.view.Groups {
		h := c.holds[g.Name]
		if h == nil || h.stage != waits || c.now < h.begin && !fault.FleetLease {
			continue
		}
		h.stage, h.opened = decides, c.now
		c.decide(Decision{Act: Own, Group: g.Name, Epoch: h.since, Settled: g.Settled || fault.Compare})
		c.fence(g.Name, h)
	}
}

// May tells whether something may be sent to a server for a group, in the epoch of which Own has told. It has to
// be asked right before each write to a server, with the time read right then: that of a loop's turn stands still
// while the process is stopped. When it says no, all that waits to be written is to be dropped; Tick says the
// rest.
func (c *Core) May(now time.Duration, group string, epoch uint64, server string) bool {
	if fault.BootTime {
		now = c.now
	}
	h := c.holds[group]
	if h == nil || h.since != epoch || h.stage != decides && h.stage != drains || len(h.fenced[server]) > 0 {
		return false
	}
	return !c.lapsed && c.holdsLease(now)
}

// Fencing tells whether a server may not be used yet for a group that this process decides for.
func (c *Core) Fencing(group, server string) bool {
	h := c.holds[group]
	return h != nil && len(h.fenced[server]) > 0
}

// Owns tells whether this process decides for a group, and in which epoch.
func (c *Core) Owns(group string) (epoch uint64, ok bool) {
	if h := c.holds[group]; h != nil && (h.stage == decides || h.stage == drains) {
		return h.since, true
	}
	return 0, false
}

// renew asks all voters for another lease.
func (c *Core) renew() {
	if c.log == nil || c.lapsed || !c.in || len(c.holds) == 0 {
		return
	}
	r := Renew{Sent: c.now, Known: c.log.known, Incarnation: c.meta.Incarnation, Life: c.life}
	for _, id := range c.log.conf {
		m := c.view.ByVoter(id)
		switch {
		case id == c.log.id:
			if c.grants(r) {
				c.lease.Ack(id, r.Sent)
			}
		case m != nil:
			c.send(m.Name, Message{Renew: &r})
		}
	}
}

// grants is the voter's part of the lease.
func (c *Core) grants(r Renew) bool {
	return c.log.votes() && lease.Grants(c.log.newest(), c.log.known, r.Known)
}

func (c *Core) grant(from string, m Message) {
	if c.log == nil || m.Generation != c.meta.Generation || !c.grants(*m.Renew) {
		return
	}
	r := *m.Renew
	r.Voter = c.meta.Voter
	c.send(from, Message{Grant: &r})
}

func (c *Core) granted(r Renew) {
	if r.Incarnation == c.meta.Incarnation && r.Life == c.life && !c.lapsed {
		c.lease.Ack(r.Voter, r.Sent)
	}
}

// fence keeps a group from servers on which the dead may still have connections.
func (c *Core) fence(group string, h *holding) {
	h.fenced, h.answers = map[string][]address{}, map[string]answers{}
	if fault.Fence {
		return
	}
	for _, one := range c.known.dead(&c.view) {
		h.fenced[one.Server] = append(h.fenced[one.Server], one)
	}
	for _, server := range slices.Sorted(maps.Keys(h.fenced)) {
		d := Decision{Act: Fence, Group: group, Epoch: h.since, Server: server}
		for _, one := range h.fenced[server] {
			d.Addresses = append(d.Addresses, one.Address)
		}
		c.decide(d)
	}
}
