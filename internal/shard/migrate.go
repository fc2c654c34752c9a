package shard

import (
	"errors"
	"slices"

	"magent/backend"
	"magent/internal/config"
)

// When the servers of a pool with backups change, keys move: the servers that get them lack them, or have old values from an
// earlier time. That is an outage like others. A server to which keys move is not read until it has what its other copies have,
// which answer for it meanwhile; and what it holds itself of the keys that moved is made good first.

// placement says where keys are.
type placement struct {
	cfg   *config.Pool
	rings rings
}

// pair names the servers of a hash, by their addresses.
func (p *placement) pair(hash uint32) (primary, backup string) {
	return p.cfg.Servers[p.rings.primaries.Pick(hash)].String(), p.cfg.Backups[p.rings.backups.Pick(hash)].String()
}

// migration is a change of the places of keys.
type migration struct {
	before, after placement
	primaries     []bool // those that keys move to
	backups       []bool
}

// migrationOf is what a change of pool i does to its keys; nil: they stay, or have no second copies.
func (r *reload) migrationOf(i int) (*migration, error) {
	before, after := r.before[i], r.after[i]
	if before == nil || after == nil || len(before.Backups) == 0 || len(after.Backups) == 0 {
		return nil, nil
	}
	old, err := newRings(before)
	if err != nil {
		return nil, err
	}
	m := &migration{before: placement{before, old}, after: placement{after, r.rings[i]}}
	m.primaries, m.backups = make([]bool, len(after.Servers)), make([]bool, len(after.Backups))
	all := before.Hash != after.Hash || before.HashTag != after.HashTag || before.Distribution != after.Distribution
	compare := func(a, b *backend.Ring, from, to []config.Address, gains []bool) {
		backend.Pairs(a, b, func(x, y int) {
			if all || from[x].String() != to[y].String() {
				gains[y] = true
			}
		})
	}
	compare(old.primaries, m.after.rings.primaries, before.Servers, after.Servers, m.primaries)
	compare(old.backups, m.after.rings.backups, before.Backups, after.Backups, m.backups)
	if !slices.Contains(m.primaries, true) && !slices.Contains(m.backups, true) {
		return nil, nil
	}
	return m, nil
}

// gains reports whether keys move to the server with the index.
func (m *migration) gains(i int) bool {
	if n := len(m.primaries); i >= n {
		return m.backups[i-n]
	}
	return m.primaries[i]
}

// movedTo returns what tells whether a key has moved to the server with that role and address. It may be called from any
// goroutine.
func (m *migration) movedTo(role, address string) func(key []byte) bool {
	return func(key []byte) bool {
		primary, backup := m.before.pair(m.before.rings.hash(key))
		if role == "primary" {
			return primary != address
		}
		return backup != address
	}
}

// either tells the keys that one of two functions tells; a may be nil.
func either(a, b func(key []byte) bool) func(key []byte) bool {
	if a == nil {
		return b
	}
	return func(key []byte) bool { return a(key) || b(key) }
}

// errMoved is why a server is out of use that keys move to.
var errMoved = errors.New("keys move to it: it gets them from their other copies")

// migrate takes the servers out of use that keys move to.
func (p *pool) migrate(m *migration) {
	for i := range p.conns {
		if !m.gains(i) {
			continue
		}
		server := serverOf(p.cfg, i)
		p.moved[i] = either(p.moved[i], m.movedTo(server.Role, server.Address))
		p.takeOut(i, errMoved)
		p.recalled[i] = true // it may be one that hung when it left the pool, and still has requests of that time in its sockets
		p.engine.Distrust(i)
	}
}
