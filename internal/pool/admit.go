package pool

import (
	"magent/backend"
	"magent/failover"
	"magent/internal/loop"
)

// Admit uses servers again that are connected, once it is known whether their other copies can be reached. It does not
// while connections to those are being made, as at the start.
func (p *Pool) Admit() {
	for _, v := range p.variants {
		v.Admit()
	}
	for i, c := range p.Conns {
		if c.Ready() && !p.Health.Usable(i) && !p.Recalled[i] && p.othersKnown(i) && p.mayRepair(i) {
			p.Health.Return(i, p.Loop.L.Now())
		}
	}
	for i := range p.Conns {
		if p.Health.Usable(i) && p.Health.Server(i).State != failover.Up && !p.Engine.Returns(i) && p.mayRepair(i) {
			p.Engine.Returned(i)
			p.moveKeys()
		}
	}
	p.borrow()
}

// later calls Admit and Refill from outside the engine, if there may be something for them to do.
func (p *Pool) later() {
	for i, c := range p.Conns {
		if p.Engine.Incomplete(i) || c.Ready() && !p.Health.Usable(i) && !p.Recalled[i] {
			p.Loop.L.Post(loop.TaskFunc(func() {
				p.Admit()
				p.Refill()
			}))
			return
		}
	}
}

// Refill takes a server out of use that lacks keys which the other copies have, if it can be filled now. It is filled
// on its return; until then the other copies answer for its keys. Refill must not be called from within the engine.
func (p *Pool) Refill() {
	for i, c := range p.Conns {
		if p.mayRepair(i) && p.Health.Server(i).State == failover.Up && p.Engine.Incomplete(i) &&
			p.Engine.CanFill(i) && c.Ready() {
			c.Close(backend.ErrRefill)
			c.Connect()
			return // one after the other: Resynced comes here again
		}
	}
}
