package pool

import (
	"errors"

	"magent/backend"
	"magent/failover"
	"magent/internal/journal"
	"magent/internal/loop"
	"magent/replicate/repair"
)

// Doubt is told at the start of a pool which keys of server i may differ from their other copies, because a process
// that wrote them is dead. They are compared before the server is read.
func (p *Pool) Doubt(i int, which func(key []byte) bool) {
	p.TakeOut(i, errUnsettled)
	p.Recalled[i] = true
	p.moved[i] = either(p.moved[i], which)
	p.Engine.Distrust(i)
}

var errUnsettled = errors.New("what was written just before this member began to decide may not be there")

// A primary that leads may have missed keys that its backup has. The backup may have missed what was just being
// written when a process died. To compare the backup at once would lose those keys, for it is out of use meanwhile.
// So they are copied to the primary first. Both are in use: the backup leads these keys, and the primary all others.

// RepairPrimary is told at the start of a pool which keys primary i has missed. doubts is by server, nil for those
// that are not doubted: it counts when the primary has the keys, or as soon as one of the servers fails.
func (p *Pool) RepairPrimary(i int, m *journal.Missed, keys []string, doubts []func(key []byte) bool) {
	p.Health.Remember(i, failover.Greeting{Identity: failover.ParseIdentity(m.Identity)}, true)
	p.Engine.Recall(i, repair.Past{Keys: keys})
	p.repair = &primaryRepair{primary: i, doubts: doubts, goOn: p.beginRepair, end: p.endRepair}
}

// Doubtful reports whether something will be doubted later.
func (p *Pool) Doubtful() bool { return p.repair != nil }

// beginRepair begins to copy what the primary has missed, when all servers are connected.
func (p *Pool) beginRepair() {
	m := p.repair
	if m == nil || m.begun {
		return
	}
	for _, c := range p.Conns {
		if !c.Ready() {
			return
		}
	}
	m.begun = true
	p.Engine.Returned(m.primary)
}

// endRepair doubts what was to be doubted later. The connections are made anew outside of the engine. If the primary
// has not got everything, what it lacks is deleted there.
func (p *Pool) endRepair() {
	m := p.repair
	if p.repair = nil; m == nil || p.Engine.Retired {
		return
	}
	for i, which := range m.doubts {
		if which != nil {
			p.Doubt(i, which)
		}
	}
	p.Loop.L.Post(loop.TaskFunc(func() {
		if p.Engine.Retired {
			return
		}
		if p.Health.Usable(m.primary) && !p.Engine.Dirty(m.primary).Empty() && !p.Engine.Returns(m.primary) {
			p.Engine.Returned(m.primary)
		}
		for i, which := range m.doubts {
			if which != nil {
				p.Conns[i].Close(backend.ErrRefill)
				p.Conns[i].Connect()
			}
		}
	}))
}
