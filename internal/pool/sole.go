package pool

import "magent/internal/placement"

// In a pool that is Sole nothing else can answer for a server that is away. So it is connected again at once, then
// after short pauses, and by each request that needs it. Requests wait for an attempt that is under way. The state
// machine says when (failover.Machine.Lost, Attempt). The probe goes on beside that. It finds servers that no request
// asks for.

// reviver returns what the engines call when a request needs a server that is out of use, or nil.
func (p *Pool) reviver() func(server int) bool {
	if p.Relay || !placement.Sole(p.Config) {
		return nil
	}
	for i := range p.Conns {
		p.again = append(p.again, p.newTimer(func() { p.revive(i) }))
	}
	return p.revive
}

// revive connects to server i if an attempt is due, or else later. It reports whether requests wait for an attempt.
func (p *Pool) revive(i int) bool {
	if p.Loop.Yielding {
		return false
	}
	connect, wait, again := p.Health.Attempt(i, p.Loop.L.Now())
	if connect {
		p.Conns[i].Connect()
	}
	if again != 0 && !p.again[i].IsSet() {
		p.Loop.L.SetAt(p.again[i], again)
	}
	return wait
}
