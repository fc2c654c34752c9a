package core

import (
	"slices"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"magent/internal/fleet/durable"
	"magent/internal/fleet/hearing"
	"magent/internal/fleet/lease"
	"magent/internal/fleet/view"
)

// Core is one member's part of a fleet. It belongs to one goroutine; see the package's text for who calls what,
// and when.
type Core struct {
	cfg  Config
	now  time.Duration // of the last call
	tick int           // how many there were
	out  Output
	seq  uint64 // of the last write

	waiting []waiting // for writes, in their order

	meta   durable.Meta
	log    *raftLog // nil: in no generation, or in one that is being begun
	begun  bool     // a generation is being begun, when it is written
	view   view.View
	named  bool   // the incarnation is durable, and may be told to others
	in     bool   // this process takes part in the view
	floor  uint64 // epochs up to this one have been, in a generation that this process has left
	life   uint64 // of this process, as the view has it
	broken string // why it takes part no more

	heard    hearing.All // by name and incarnation
	apart    hearing.Verdict
	proven   map[string]uint64 // incarnations that are proven to be dead
	vip      bool
	orphaned int // the tick in which raft's leader was found to be gone; 0: there is one
	leaving  bool
	serial   uint64            // of the last hello of this incarnation
	ceding   bool              // it is to own nothing as long as another one can
	asked    int               // the tick of the last request in its own name
	marked   bool              // that it leaves is durable
	dropped  bool              // all was dropped over that
	gone     bool              // Left was decided
	refused  map[string]uint64 // by name: the last incarnation that was told why it cannot join
	linked   map[string]bool   // a new link: what was sent before may be lost
	hopeless int               // ticks
	stuck    int               // ticks
	lonely   int               // ticks
	homeless int               // ticks
	ignored  int

	wish    *wish   // of the pools, that this member wants; nil: none
	why     string  // it cannot be, or what the view has cannot; empty: nothing is known against it
	pressed press   // what was asked for last about that
	ahead   []ahead // records that wait for the next view

	lease  lease.Owner
	urgent bool                     // a lease is needed, and is asked for at once
	lapsed bool                     // the right to decide was lost, and the view does not say so yet
	silent map[string]learned       // by group
	holds  map[string]*holding      // the groups that this process owns
	well   map[string]time.Duration // since when members are alive without a break

	stream  stream
	inbound map[uint64]uint64 // by incarnation of who records: the last record that was kept
	told    map[uint64]bool   // incarnations that have told this process all
	telling map[uint64]bool   // incarnations that were, or are being, told all
	known   addresses
	epochs  map[string]uint64 // by group: the latest of which something is known
}

// waiting is what goes on when a write is durable.
type waiting struct {
	seq uint64
	do  func()
}

// New begins with what the state directory has. An error says that it cannot be used. Take has at once what is to
// be done.
func New(cfg Config, saved durable.State, now time.Duration) (*Core, error) {
	c := &Core{
		cfg: cfg, now: now, meta: saved.Meta,
		heard: hearing.All{}, proven: map[string]uint64{}, refused: map[string]uint64{}, linked: map[string]bool{},
		silent: map[string]learned{}, well: map[string]time.Duration{}, known: addresses{},
		epochs: map[string]uint64{},
	}
	known, err := viewOf(&saved)
	if err != nil {
		return nil, err
	}
	otherList := known.Epoch > 0 && len(c.notInBoth(&known)) > 0
	if c.meta.Voter == 0 || c.meta.Left && !otherList {
		c.meta = durable.Meta{Voter: cfg.NewID(), Known: c.meta.Left}
		saved = durable.State{}
	}
	c.meta.Divided = c.meta.Divided || cfg.Killed && !c.meta.Known
	saved.Meta = c.meta
	c.reset()
	if c.meta.Generation.Number > 0 {
		c.view = known
		if err := c.openLog(&saved); err != nil {
			return nil, err
		}
		c.elect()
		if c.view.Epoch > 0 {
			c.adopt(c.view, "as it was at the end of the last process")
		}
		c.pump()
		if otherList {
			return c, c.takeList()
		}
	}
	return c, nil
}

// reset makes this a new process to the others, with nothing of what it had been told. Incarnations rise.
func (c *Core) reset() {
	c.meta.Incarnation += 1 + c.cfg.NewID()>>24
	c.in, c.life, c.lapsed, c.wish, c.ahead = false, 0, false, nil, nil
	c.lease.Reset()
	c.holds, c.stream, c.known = map[string]*holding{}, newStream(), addresses{}
	c.inbound, c.told, c.telling = map[uint64]uint64{}, map[uint64]bool{}, map[uint64]bool{}
	c.named, c.serial = false, 0
	incarnation := c.meta.Incarnation
	c.writeMeta(func() {
		if incarnation == c.meta.Incarnation && !c.named {
			c.named = true
			c.greet()
		}
	})
}

// Take gives what there is to be done since the last call. After every other call it has to be asked.
func (c *Core) Take() Output {
	c.flushRecords()
	out := c.out
	c.out = Output{}
	return out
}

// Persisted says that all writes up to seq are durable, those with Sync on the medium.
func (c *Core) Persisted(now time.Duration, seq uint64) {
	c.at(now)
	for len(c.waiting) > 0 && c.waiting[0].seq <= seq {
		do := c.waiting[0].do
		c.waiting = c.waiting[1:]
		if do != nil {
			do()
		}
		c.pump()
	}
	c.act()
}

// Tick is to be called every Config.Tick. Where it could not be called for a while, once is enough.
func (c *Core) Tick(now time.Duration) {
	c.at(now)
	c.tick++
	if c.broken != "" {
		return
	}
	if c.log != nil {
		c.log.node.Tick()
		c.pump()
	}
	c.wait()
	c.greet()
	c.apart.Note(c.ears())
	c.renew()
	c.resend()
	c.found()
	c.meet()
	c.succeed()
	c.survive()
	c.request()
	c.press()
	c.act()
}

// Receive takes a message that came from a member. The link has made sure that it is that member.
func (c *Core) Receive(now time.Duration, from string, m Message) {
	c.at(now)
	if c.cfg.peer(from) == nil || from == c.cfg.Name || c.broken != "" {
		return
	}
	heard := c.heard.Note(c.tick, from, m.Incarnation)
	switch {
	case m.Hello != nil:
		c.greeted(heard, m)
	case m.Raft != nil:
		c.step(from, m)
	case m.Renew != nil:
		c.grant(from, m)
	case m.Grant != nil:
		c.granted(*m.Grant)
	case m.Records != nil:
		c.store(from, m)
	case m.Kept != nil:
		c.kept(from, m)
	case m.Refused != nil:
		c.decide(Decision{Act: Refused, Name: from, Reason: *m.Refused})
	}
	c.act()
}

// greeted notes a hello. Who has not been heard before is told at once that he is.
func (c *Core) greeted(h *hearing.Heard, m Message) {
	known := slices.Contains(c.heard.Hears(c.tick), m.Incarnation)
	if h.Greeted(c.tick, m.Generation, *m.Hello); !known {
		c.hail()
	}
}

// step gives raft a message. A member that is in no generation yet joins the one whose voters it is counted among.
func (c *Core) step(from string, m Message) {
	if m.Raft.GetTo() != c.meta.Voter {
		return
	}
	if c.log == nil && !c.begun && c.meta.Generation.Number == 0 {
		c.begin(m.Generation, view.View{}, nil, "", func() { c.step(from, m) })
		return
	}
	if c.log == nil || m.Generation != c.meta.Generation {
		return
	}
	c.log.routes[m.Raft.GetFrom()] = from
	if c.Leader() && m.Raft.GetType() == raftpb.MsgProp && c.repeats(m.Raft) {
		return
	}
	if m.Raft.GetType() == raftpb.MsgVote {
		c.log.polled = c.tick
	}
	if m.Raft.GetType() == raftpb.MsgPreVote && c.log.node.BasicStatus().Lead != raft.None {
		c.log.early, c.log.earlyAt = m.Raft, c.tick
	}
	if err := c.log.node.Step(m.Raft); err != nil {
		c.ignored++ // of a voter that is none any more
	}
	c.pump()
}

// repeats tells whether all that somebody proposes is under way: he asks again, tick by tick, where disks are slow.
// Each entry that is written for nothing would have voters refuse the lease until it is decided.
func (c *Core) repeats(m *raftpb.Message) bool {
	return !slices.ContainsFunc(m.GetEntries(), func(e *raftpb.Entry) bool {
		return e.GetType() != raftpb.EntryNormal || !c.log.underWay(e.GetData())
	})
}

// at takes the time of a call. A clock that ran backwards is the lease's to notice.
func (c *Core) at(now time.Duration) {
	c.now = now
	c.check(now)
}

// act does what follows from whatever has changed.
func (c *Core) act() {
	if c.urgent {
		c.urgent = false
		c.renew()
	}
	c.activate()
	if len(c.proven) > 0 && c.Leader() {
		c.requestDeaths()
	}
	if (c.leaving || c.lapsed || c.ceding && len(c.holds) > 0) && c.asked < c.tick {
		c.request()
	}
	c.press()
	c.lead()
	c.pump()
}

// command applies one to the view.
func (c *Core) command(text []byte) {
	cmd, err := view.ParseCommand(text)
	if err != nil {
		c.breakDown(err.Error())
		return
	}
	next, reason, err := view.Apply(c.view, cmd)
	if err != nil {
		c.ignored++ // too late, or twice
		return
	}
	c.adopt(next, reason)
}

// adopt goes over to a view that is agreed on.
func (c *Core) adopt(v view.View, reason string) {
	c.turn(&v)
	c.view = v
	c.follow(reason)
	c.decide(Decision{Act: Changed, View: v.Clone(), Reason: reason})
	c.catchUp()
}

// follow brings all that hangs on the view into line with it.
func (c *Core) follow(reason string) {
	me := c.view.Member(c.cfg.Name)
	c.learn()
	switch has := c.view.Has(c.cfg.Name, c.meta.Incarnation); {
	case !has && !c.leaving && (c.in || me != nil && me.Incarnation == c.meta.Incarnation):
		c.dropAll(reason)
		c.decide(Decision{Act: Reborn, Reason: reason})
		c.reset()
	case !has:
		if c.in && !c.dropped { // nobody keeps records any more
			c.dropAll(reason)
		}
		c.in = false
	default:
		c.in = true
		if c.meta.Divided { // the view says so by now
			c.meta.Divided = false
			c.writeMeta(nil)
		}
		if me.Life > c.life {
			c.life, c.lapsed = me.Life, false
			c.lease.Reset()
		}
	}
	c.hold()
	c.peers()
	c.note()
}

// note keeps when members have become well.
func (c *Core) note() {
	for i := range c.view.Members {
		m := &c.view.Members[i]
		if _, ok := c.well[m.Name]; m.State != view.Alive {
			delete(c.well, m.Name)
		} else if !ok {
			c.well[m.Name] = c.now
		}
		if c.proven[m.Name] < m.Incarnation || m.State == view.Absent {
			delete(c.proven, m.Name)
		}
	}
}

// elect tells the lease who votes.
func (c *Core) elect() { c.lease.Elect(c.log.conf) }

// breakDown ends taking part: what the log has is not understood here.
func (c *Core) breakDown(reason string) {
	c.dropAll(reason)
	c.log, c.broken = nil, reason
	c.decide(Decision{Act: Broken, Reason: reason})
}

// View is the view that this member knows; Epoch 0: none.
func (c *Core) View() view.View { return c.view.Clone() }

// Incarnation is this process to the others.
func (c *Core) Incarnation() uint64 { return c.meta.Incarnation }

// Life is how often this process has lost the right to decide.
func (c *Core) Life() uint64 { return c.life }

// LeaseUntil is when the lease ends if it is not renewed, 0: there is none.
func (c *Core) LeaseUntil() time.Duration { return c.lease.Until(c.cfg.Lease) }

// Leader tells whether this member leads the agreement on views.
func (c *Core) Leader() bool {
	return c.log != nil && c.log.node.BasicStatus().Lead == c.log.id
}

// Joined tells whether this process takes part in the view, with all that there is to know.
func (c *Core) Joined() bool {
	m := c.view.Member(c.cfg.Name)
	return c.in && m != nil && m.State == view.Alive
}

// Knows tells whether this member knows of a connection, as an Address names it.
func (c *Core) Knows(r Record) bool {
	_, ok := c.known[address{r.Server, r.Address, r.Name, r.Incarnation, r.Life}]
	return ok
}

// Waiting names the members that have not been heard of for a while: what a start may be waiting for.
func (c *Core) Waiting() (names []string) {
	for _, p := range c.cfg.List {
		if p.Name != c.cfg.Name && c.latest(p.Name) == nil {
			names = append(names, p.Name)
		}
	}
	return slices.Clip(names)
}
