package simulation

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"magent/internal/fleet/core"
	"magent/internal/fleet/durable"
	"magent/internal/fleet/forward"
	"magent/internal/fleet/view"
)

const (
	lease = time.Second
	tick  = 100 * ms
)

// node is a machine with a member of the fleet: its clock, its disk, and the process on it, if there is one.
type node struct {
	w       *world
	id      int
	cfg     core.Config
	offset  time.Duration
	rate    float64
	disk    durable.State
	journal map[missed]source // what the process was told, and survives it

	process int // one more with each start
	up      bool
	paused  bool
	late    []func() // what came while it was stopped
	core    *core.Core
	engine  *engine
	queue   *Queue
	clocks  []forward.Clock // of the others
	clients map[uint64]*op  // by request
	gone    bool            // Left was decided
	broken  string

	file    string // what places keys by its file
	read    string // what the file had when the process began
	pools   string // what places them for this process
	holding bool   // requests of clients wait for other pools
	held    []*op
	joins   uint64 // the change that it says to be ready for because another one wants it; 0: none
	wants   string // what it has last said to be ready for

	refusals []string // of this member, or by it
}

// local is the time that its clock shows.
func (n *node) local() time.Duration {
	return n.offset + time.Duration(float64(n.w.now)*n.rate)
}

// do has a process do something, if it is still there; a stopped one does it when it goes on.
func (n *node) do(process int, what func()) {
	switch {
	case !n.up || n.process != process:
	case n.paused:
		n.late = append(n.late, func() { n.do(process, what) })
	default:
		what()
	}
}

// first has a process do something that need not wait for what has come before: a loop of it does.
func (n *node) first(process int, what func()) {
	if n.up && n.process == process && n.paused && n.w.chance(0.5) {
		n.late = slices.Insert(n.late, 0, func() { n.do(process, what) })
		return
	}
	n.do(process, what)
}

func (n *node) start() {
	n.process++
	n.up, n.paused, n.late, n.gone = true, false, nil, false
	n.queue, n.clocks = NewQueue(), make([]forward.Clock, len(n.w.nodes))
	n.clients = map[uint64]*op{}
	if n.holding, n.held = false, nil; n.cfg.Pools != nil && n.file != n.read {
		n.cfg.Pools, n.cfg.Groups, n.read = []byte(n.file), n.w.groupsBy(n.file), n.file
	}
	n.pools = string(n.cfg.Pools)
	n.engine = newEngine(n)
	var err error
	n.core, err = core.New(n.cfg, n.disk, n.local())
	if err != nil {
		panic(err)
	}
	if n.cfg.Alone == core.AloneVIP {
		n.core.VIP(n.id == 0)
	}
	n.w.log("%s starts as %x", n.cfg.Name, n.core.Incarnation())
	n.drain()
	n.beat(n.process)
}

// kill ends the process; the kernel closes what it had open.
func (n *node) kill(lose bool) {
	if !n.up {
		return
	}
	n.w.log("%s is killed, disk lost: %v", n.cfg.Name, lose)
	incarnation := n.core.Incarnation()
	n.up = false
	for _, c := range n.engine.conns {
		c.end(false)
	}
	for _, o := range n.clients {
		o.broken()
	}
	if lose {
		n.disk, n.journal = durable.State{}, map[missed]source{}
	}
	n.suspect(incarnation, 0)
}

// suspect has the others find out that a process is dead: its address refuses, or another incarnation answers there.
func (n *node) suspect(incarnation uint64, tries int) {
	if tries > 20 {
		return
	}
	for _, o := range n.w.nodes {
		if o == n {
			continue
		}
		process := o.process
		n.w.after(n.w.between(10*ms, 60*ms), func() {
			if n.w.cut[path{o.id, n.id}] || n.w.cut[path{n.id, o.id}] {
				return
			}
			o.do(process, func() {
				if !n.up || n.core.Incarnation() != incarnation {
					o.core.Proven(o.local(), n.cfg.Name, incarnation)
					o.drain()
				}
			})
		})
	}
	n.w.after(200*ms, func() { n.suspect(incarnation, tries+1) })
}

func (n *node) pause(d time.Duration) {
	if !n.up || n.paused {
		return
	}
	n.w.log("%s is stopped for %v", n.cfg.Name, d)
	n.paused = true
	process := n.process
	n.w.after(d, func() {
		if n.up && n.process == process && n.paused {
			n.w.log("%s goes on", n.cfg.Name)
			n.paused = false
			late := n.late
			n.late = nil
			for _, what := range late {
				what()
			}
		}
	})
}

// beat is the process's timer.
func (n *node) beat(process int) {
	n.w.after(time.Duration(float64(tick)/n.rate), func() {
		if n.up && n.process == process {
			n.do(process, func() {
				n.core.Tick(n.local())
				n.drain()
				n.ping()
				n.engine.tick()
				n.expire()
				n.beat(process)
				n.hail(process)
			})
		}
	})
}

// hail has a link come up between two ticks, now and then.
func (n *node) hail(process int) {
	if !n.w.chance(0.1) {
		return
	}
	n.w.after(n.w.between(0, tick), func() {
		n.do(process, func() {
			n.core.Hail(n.local(), n.w.nodes[n.w.rng.IntN(len(n.w.nodes))].cfg.Name)
			n.drain()
		})
	})
}

// drain carries out what the core wants.
func (n *node) drain() {
	for {
		out := n.core.Take()
		if len(out.Decisions)+len(out.Writes)+len(out.Messages) == 0 {
			return
		}
		for _, d := range out.Decisions {
			n.decided(d)
		}
		if len(out.Writes) > 0 {
			n.keep(out.Writes)
		}
		for _, e := range out.Messages {
			n.post(e)
		}
	}
}

// keep writes, which takes its time; a process that is killed meanwhile may have written or not.
func (n *node) keep(writes []durable.Write) {
	process, d := n.process, n.w.noise.slow+n.w.between(ms/10, 3*ms)
	if n.w.chance(n.w.noise.disk) {
		d += n.w.between(0, 300*ms)
	}
	n.lastWrite(d, func() {
		for i := range writes {
			if n.process == process && n.up {
				n.disk.Merge(&writes[i])
			}
		}
		n.do(process, func() {
			n.core.Persisted(n.local(), writes[len(writes)-1].Seq)
			n.drain()
		})
	})
}

// lastWrite keeps the writes of a process in order.
func (n *node) lastWrite(d time.Duration, do func()) {
	e := n.engine
	e.diskAt = max(e.diskAt, n.w.now+d)
	n.w.after(e.diskAt-n.w.now, do)
}

// post sends a message to another member.
func (n *node) post(e core.Envelope) {
	for _, to := range n.w.nodes {
		if to.cfg.Name != e.To {
			continue
		}
		process := to.process
		n.w.datagram(n.id, to.id, func() {
			m := e.Message
			if m.Raft != nil {
				m.Raft = proto.CloneOf(m.Raft)
			}
			to.do(process, func() {
				to.core.Receive(to.local(), n.cfg.Name, m)
				to.drain()
			})
		})
		if n.w.posted != nil {
			n.w.posted(n, to, e.Message)
		}
	}
}

func (n *node) decided(d core.Decision) {
	if n.w.tracing && d.Act != core.Store {
		n.w.log("%s: act %d group %s epoch %d server %s name %s %s %v %s",
			n.cfg.Name, d.Act, d.Group, d.Epoch, d.Server, d.Name, d.Reason, d.Addresses, viewText(d.View))
	}
	switch d.Act {
	case core.Own:
		n.w.check.owns(n, d)
		n.engine.own(d.Group, d.Epoch, d.Settled)
	case core.Stop:
		n.engine.cede(d.Group)
	case core.Drop:
		n.engine.drop()
	case core.HandOver:
		n.engine.handOver(d.Group, d.Epoch)
	case core.Fence:
		n.engine.fence(d.Server)
	case core.Open:
		n.engine.opened(d.Server)
	case core.Store:
		n.engine.learn(d.Record)
	case core.Tell:
		n.engine.tell(d.Name, d.Incarnation)
	case core.Refuse, core.Refused:
		n.refusals = append(n.refusals, d.Reason)
	case core.Changed:
		n.follow(d.View)
		n.route()
	case core.Left:
		n.gone = true
	case core.Broken:
		n.broken = d.Reason
	}
}

func viewText(v view.View) string {
	if v.Epoch == 0 {
		return ""
	}
	return v.String()
}

// route tells the queue who owns what.
func (n *node) route() {
	v := n.core.View()
	for _, name := range []string{"p", "q"} {
		var owner Owner
		g := v.Group(name)
		if g != nil && (n.cfg.Pools == nil || string(v.Pools) == n.pools) { // others take nothing from who is out
			owner = Owner{Name: g.Owner, Incarnation: g.Incarnation, Epoch: g.Since}
		}
		n.forward(n.queue.Owner(name, owner))
	}
}

// ping samples the others' clocks.
func (n *node) ping() {
	for _, o := range n.w.nodes {
		if o == n {
			n.clocks[n.id].Sample(n.local(), n.local())
			continue
		}
		asked, process, theirs := n.local(), n.process, o.process
		n.w.datagram(n.id, o.id, func() {
			o.do(theirs, func() {
				shows := o.local()
				n.w.datagram(o.id, n.id, func() {
					n.do(process, func() { n.clocks[o.id].Sample(asked, shows) })
				})
			})
		})
	}
}

func (n *node) String() string { return fmt.Sprintf("%s#%d", n.cfg.Name, n.process) }
