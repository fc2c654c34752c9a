package pool

import "magent/internal/placement"

// Keys move when the servers of a pool with backups change, or when a pool gets its first backups. A server to which
// keys move lacks them, or has old values from an earlier time. That is repaired like an outage. The server is not
// read until it has what its other copies have, which answer for its keys meanwhile. What it holds itself of the keys
// that moved is repaired first.

// either returns a function that reports whether a or b reports a key; a may be nil.
func either(a, b func(key []byte) bool) func(key []byte) bool {
	if a == nil {
		return b
	}
	return func(key []byte) bool { return a(key) || b(key) }
}

// Migrate takes the servers out of use to which keys move.
func (p *Pool) Migrate(m *placement.Migration) {
	for i := range p.Conns {
		if !m.Gains(i) {
			continue
		}
		p.moved[i] = either(p.moved[i], m.MovedTo(p.records[i].Name))
		p.TakeOut(i, errMoved)
		// It may have hung when it left the pool. Then requests of that time are still in its sockets.
		p.Recalled[i] = true
		p.Engine.Distrust(i)
	}
}
