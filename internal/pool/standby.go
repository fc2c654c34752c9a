package pool

// Without the virtual address this process repairs nothing (mayRepair). Whoever holds the address fills a server
// that lacks keys, and replaces values there that may be out of date. This process does not hear of it.
//
// It does without such a server only as long as all other copies can be read. When one of them goes, it uses the
// server as it is, like a server that it meets at the start. Otherwise it could read nothing after all servers were
// restarted one by one, or were away at the start. Then keepalived would not give it the address.
//
// Dirty keys are another matter. This process knows that the server missed them, and may be the only one to know. So
// the server stays out of use until the address comes.

// borrow uses servers that were spared and are needed now.
func (p *Pool) borrow() {
	if !p.Loop.Standby.Load() || p.Loop.Yielding {
		return
	}
	for range p.Conns { // a server that is used may make others needless
		i := p.longestSpared()
		if i < 0 {
			return
		}
		p.Engine.Trust(i)
		p.Health.Return(i, p.Loop.L.Now())
		p.readmit(i) // without a resync, which might fill it
	}
}

// longestSpared returns the needed server that was spared for the longest time, because it is most likely to have been
// repaired; -1: there is none.
func (p *Pool) longestSpared() (longest int) {
	longest = -1
	for i := range p.Conns {
		if p.spared(i) && p.othersKnown(i) && !p.dispensable(i) &&
			(longest < 0 || p.Health.Server(i).Since < p.Health.Server(longest).Since) {
			longest = i
		}
	}
	return longest
}

// spared reports whether server i is out of use only because it may lack keys, or hold values that are out of date.
func (p *Pool) spared(i int) bool {
	return p.Conns[i].Ready() && !p.Health.Readable(i) && !p.Engine.Returns(i) && !p.Recalled[i] &&
		p.Engine.Dirty(i).Empty()
}

// dispensable reports whether all other copies of the keys of server i can be read.
func (p *Pool) dispensable(i int) bool { return p.others(i, p.Health.Readable) }

// relieved reports whether this process is without the virtual address, and servers that can be read or were spared
// have all other copies of the keys of server i.
func (p *Pool) relieved(i int) bool {
	return p.Loop.Standby.Load() && p.others(i, func(j int) bool { return p.Health.Readable(j) || p.spared(j) })
}
