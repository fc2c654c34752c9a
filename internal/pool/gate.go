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

// Repaired reports whether no server that is up has a key to make good.
func (p *Pool) Repaired() bool {
	for i := range p.Conns {
		if p.Health.Server(i).State == failover.Up && (!p.Engine.Dirty(i).Empty() || p.Engine.Behind(i) > 0) {
			return false
		}
	}
	return true
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
