package placement

import (
	"slices"

	"magent/backend"
	"magent/internal/config"
)

// places says where keys are.
type places struct {
	cfg   *config.Pool
	rings Rings
}

// pair names the servers of a hash, by their addresses.
func (p *places) pair(hash uint32) (primary, backup string) {
	return p.cfg.Servers[p.rings.Primaries.Pick(hash)].String(), p.cfg.Backups[p.rings.Backups.Pick(hash)].String()
}

// Migration is a change of the places of keys in a pool with backups.
type Migration struct {
	Primaries []bool // those that keys move to, by index
	Backups   []bool

	before, after places
}

// MigrationOf is what a change of a pool, which has the rings afterwards, does to its keys; nil: they stay, or have no second
// copies. Either pool may be nil.
func MigrationOf(before, after *config.Pool, rings Rings) (*Migration, error) {
	if before == nil || after == nil || len(before.Backups) == 0 || len(after.Backups) == 0 {
		return nil, nil
	}
	old, err := New(before)
	if err != nil {
		return nil, err
	}
	m := &Migration{before: places{before, old}, after: places{after, rings}}
	m.Primaries, m.Backups = make([]bool, len(after.Servers)), make([]bool, len(after.Backups))
	all := before.Hash != after.Hash || before.HashTag != after.HashTag || before.Distribution != after.Distribution
	compare := func(a, b *backend.Ring, from, to []config.Address, gains []bool) {
		backend.Pairs(a, b, func(x, y int) {
			if all || from[x].String() != to[y].String() {
				gains[y] = true
			}
		})
	}
	compare(old.Primaries, rings.Primaries, before.Servers, after.Servers, m.Primaries)
	compare(old.Backups, rings.Backups, before.Backups, after.Backups, m.Backups)
	if !slices.Contains(m.Primaries, true) && !slices.Contains(m.Backups, true) {
		return nil, nil
	}
	return m, nil
}

// Gains reports whether keys move to the server with the index.
func (m *Migration) Gains(i int) bool {
	if n := len(m.Primaries); i >= n {
		return m.Backups[i-n]
	}
	return m.Primaries[i]
}

// MovedTo returns what tells whether a key has moved to the server with that role and address. It may be called from any
// goroutine.
func (m *Migration) MovedTo(role, address string) func(key []byte) bool {
	return func(key []byte) bool {
		primary, backup := m.before.pair(m.before.rings.Hash(key))
		if role == "primary" {
			return primary != address
		}
		return backup != address
	}
}
