package pool

import (
	"errors"

	"magent/failover"
)

// errYielding is why a server that is well is not connected to.
var errYielding = errors.New("another process is about to take over")

// mayMakeGood reports whether what server i missed may be made good by this process now.
func (p *Pool) mayMakeGood(i int) bool {
	return !p.Loop.Yielding && !(p.Loop.Standby.Load() && p.Engine.Missed(i))
}

// othersKnown reports whether no connection to the other copies of the keys of server i is being made.
func (p *Pool) othersKnown(i int) bool {
	for j, c := range p.Conns {
		if p.Engine.CopiesOf(i, j) && c.Connecting() {
			return false
		}
	}
	return true
}

// PauseRepair stops making good what servers missed. They are not read, so it may go on at any time.
func (p *Pool) PauseRepair() {
	if p == nil {
		return
	}
	for i := range p.Conns {
		if p.Engine.Returns(i) {
			p.Abandoned(i)
			p.Engine.Gone(i)
		}
	}
}

// Repaired reports whether no server that is up has a key to make good.
func (p *Pool) Repaired() bool {
	for i := range p.Conns {
		if p.Health.Server(i).State == failover.Up && (!p.Engine.Dirty(i).Empty() || p.Engine.Behind(i) > 0) {
			return false
		}
	}
	return true
}

// Leave ends a pool that is not served any more. What still comes to it is answered with an error.
func (p *Pool) Leave() {
	p.Held = false
	for i := range p.Conns {
		p.Abandoned(i)
		p.Engine.Gone(i)
	}
	for i, c := range p.Conns {
		p.cutOff[i] = c.Pending() > 0
		c.Shut()
	}
	p.Engine.Retire()
	if p.Commands != nil {
		p.Commands.Retire()
	}
}

// Shut closes the connections to all servers.
func (p *Pool) Shut() {
	for _, c := range p.Conns {
		c.Shut()
	}
}
