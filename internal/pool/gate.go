package pool

import (
	"errors"
	"time"

	"magent/failover"
)

// errYielding is why a server is not connected although it is well.
var errYielding = errors.New("another process is about to take over")

// mayRepair reports whether this process may repair server i now.
func (p *Pool) mayRepair(i int) bool {
	return !p.Loop.Yielding && !(p.Loop.Standby.Load() && p.Engine.Missed(i))
}

// Repaired reports whether no server that is up has a key left to repair.
func (p *Pool) Repaired() bool {
	for i := range p.Conns {
		if p.Health.Server(i).State == failover.Up && (!p.Engine.Dirty(i).Empty() || p.Engine.Behind(i) > 0) {
			return false
		}
	}
	return true
}

// Owes reports whether server i may still carry out requests that it was sent. Clients may have been told already that
// there was no answer in time.
func (p *Pool) Owes(i int) bool { return p.Conns[i].Pending() > 0 || p.Conns[i].Draining() > 0 }

// Answered reports whether no server that is up owes an answer.
func (p *Pool) Answered() bool {
	for _, v := range p.variants {
		if !v.Answered() {
			return false
		}
	}
	for i := range p.Conns {
		if p.Health.Server(i).State == failover.Up && p.Owes(i) {
			return false
		}
	}
	return true
}

// othersKnown reports whether no connection to the other copies of the keys of server i is being made.
func (p *Pool) othersKnown(i int) bool {
	return p.others(i, func(j int) bool { return !p.Conns[j].Connecting() })
}

// others reports whether something is true of all servers that have other copies of the keys of server i.
func (p *Pool) others(i int, is func(j int) bool) bool {
	for j := range p.Conns {
		if p.Engine.CopiesOf(i, j) && !is(j) {
			return false
		}
	}
	return true
}

// readmit makes server i readable, if it is not.
func (p *Pool) readmit(i int) {
	p.moved[i] = nil
	if p.Health.Readmit(i, p.Loop.L.Now()) {
		p.shown[i].since = time.Now().UnixMicro()
		p.Loop.Registry.Readmitted(p.records[i])
	}
}
