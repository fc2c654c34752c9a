package pool

import (
	"errors"

	"magent/internal/placement"
)

// When the servers of a pool with backups change, or a pool gets its first backups, keys move: the servers that get
// them lack them, or have old values from an earlier time. That is an outage like others. A server to which keys
// move is not read until it has what its other copies have, which answer for it meanwhile; and what it holds itself
// of the keys that moved is made good first.

// either tells the keys that one of two functions tells; a may be nil.
func either(a, b func(key []byte) bool) func(key []byte) bool {
	if a == nil {
		return b
	}
	return func(key []byte) bool { return a(key) || b(key) }
}

// errMoved is why a server is out of use that keys move to.
var errMoved = errors.New("keys move to it: it gets them from their other copies")

// Migrate takes the servers out of use that keys move to.
func (p *Pool) Migrate(m *placement.Migration) {
	for i := range p.Conns {
		if !m.Gains(i) {
			continue
		}
		p.moved[i] = either(p.moved[i], m.MovedTo(p.records[i].Name))
		p.TakeOut(i, errMoved)
		p.Recalled[i] = true // it may be one that hung when it left the pool, and still has requests of that time in its sockets
		p.Engine.Distrust(i)
	}
}
