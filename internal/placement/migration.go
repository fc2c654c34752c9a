package placement

import (
	"slices"

	"magent/backend"
	"magent/internal/config"
)

// places says where keys are.
type places struct {
	rings              Rings
	primaries, backups []string // addresses, by index
}

func placesOf(p *config.Pool, rings Rings) places {
	return places{rings, names(p.Servers), names(p.Backups)}
}

func names(addrs []config.Address) (names []string) {
	for _, a := range addrs {
		names = append(names, a.String())
	}
	return names
}

// pair names the servers of a hash; the backup is empty in a pool without backups.
func (p *places) pair(hash uint32) (pair [2]string) {
	pair[0] = p.primaries[p.rings.Primaries.Pick(hash)]
	if p.rings.Backups != nil {
		pair[1] = p.backups[p.rings.Backups.Pick(hash)]
	}
	return pair
}

// all are the rings.
func (p *places) all() []*backend.Ring {
	if p.rings.Backups == nil {
		return []*backend.Ring{p.rings.Primaries}
	}
	return []*backend.Ring{p.rings.Primaries, p.rings.Backups}
}

// Migration is a change of the places of keys in a pool that has backups afterwards. A key moves to a server that
// had no copy of it before. From backup to primary, or the other way round, it does not move: it is there.
type Migration struct {
	Primaries []bool // those that keys move to, by index
	Backups   []bool
	First     bool // there were no backups before
	Rehashed  bool // all keys may have moved: they are placed in another way

	before places
}

// MigrationOf is what a change of a pool, which has the rings afterwards, does to its keys; nil: they stay, or have no second
// copies. Either pool may be nil.
//
// The first backups of a pool get all keys. Its primaries are read as they are, as before.
func MigrationOf(before, after *config.Pool, rings Rings) (*Migration, error) {
	if before == nil || after == nil || before.Redis != after.Redis || len(after.Backups) == 0 {
		return nil, nil
	}
	old, err := New(before)
	if err != nil {
		return nil, err
	}
	m := &Migration{First: len(before.Backups) == 0, before: placesOf(before, old)}
	m.Primaries, m.Backups = make([]bool, len(after.Servers)), make([]bool, len(after.Backups))
	m.Rehashed = before.Hash != after.Hash || before.HashTag != after.HashTag || before.Distribution != after.Distribution
	switch now := placesOf(after, rings); {
	case m.First:
		for h := range backend.Hashes(rings.Backups) {
			m.Backups[rings.Backups.Pick(h)] = true
		}
	case m.Rehashed:
		m.compareAll(&now)
	default:
		m.compare(&now)
	}
	if !slices.Contains(m.Primaries, true) && !slices.Contains(m.Backups, true) {
		return nil, nil
	}
	return m, nil
}

// compare finds the servers that keys move to, where keys have the hashes that they had.
func (m *Migration) compare(now *places) {
	for h := range backend.Hashes(append(m.before.all(), now.all()...)...) {
		pair := m.before.pair(h)
		m.note(now, pair[:], h)
	}
}

// compareAll is compare where nothing is known of the hash that a key had: any pair may have been its own. So
// keys move to every server that is not in all of them.
func (m *Migration) compareAll(now *places) {
	var always []string
	for h := range backend.Hashes(m.before.all()...) {
		pair := m.before.pair(h)
		if always == nil {
			always = slices.Clone(pair[:])
		}
		always = slices.DeleteFunc(always, func(server string) bool { return !slices.Contains(pair[:], server) })
	}
	for h := range backend.Hashes(now.all()...) {
		m.note(now, always, h)
	}
}

// note notes the servers of a hash that had no copy of its keys before.
func (m *Migration) note(now *places, before []string, hash uint32) {
	p, b := now.rings.Primaries.Pick(hash), now.rings.Backups.Pick(hash)
	if !slices.Contains(before, now.primaries[p]) {
		m.Primaries[p] = true
	}
	if !slices.Contains(before, now.backups[b]) {
		m.Backups[b] = true
	}
}

// Gains reports whether keys move to the server with the index.
func (m *Migration) Gains(i int) bool {
	if n := len(m.Primaries); i >= n {
		return m.Backups[i-n]
	}
	return m.Primaries[i]
}

// MovedTo returns what tells whether a key has moved to a server that Gains, by its address. It may be called from
// any goroutine.
func (m *Migration) MovedTo(address string) func(key []byte) bool {
	if m.First {
		return func([]byte) bool { return true }
	}
	return func(key []byte) bool {
		pair := m.before.pair(m.before.rings.Hash(key))
		return !slices.Contains(pair[:], address)
	}
}
