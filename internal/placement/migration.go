package placement

import (
	"slices"

	"magent/backend/ring"
	"magent/internal/config"
)

// places tells on which servers keys are.
type places struct {
	rings              Rings
	primaries, backups []string // the addresses of the servers, by index
}

func placesOf(p *config.Pool, rings Rings) places {
	return places{rings, config.Texts(p.Servers), config.Texts(p.Backups)}
}

// pair returns the addresses of the two servers of a hash. In a pool without backups the second one is empty.
func (p *places) pair(hash uint32) (pair [2]string) {
	pair[0] = p.primaries[p.rings.Primaries.Pick(hash)]
	if p.rings.Backups != nil {
		pair[1] = p.backups[p.rings.Backups.Pick(hash)]
	}
	return pair
}

// all returns the rings.
func (p *places) all() []*ring.Ring {
	if p.rings.Backups == nil {
		return []*ring.Ring{p.rings.Primaries}
	}
	return []*ring.Ring{p.rings.Primaries, p.rings.Backups}
}

// Migration tells which keys move when the servers of a pool change. The pool has backups afterwards. A key moves to a
// server that had no copy of it before. It does not move if its primary and its backup only exchange their roles.
type Migration struct {
	Primaries []bool // by primary: keys move to it
	Backups   []bool // by backup: keys move to it
	First     bool   // there were no backups before
	Rehashed  bool   // the hash or the distribution has changed, so all keys may have moved

	before places
}

// MigrationOf returns which keys move when pool before becomes pool after, whose rings are given. The result is nil if
// no keys move, if after has no backups, or if either pool is nil.
//
// If the pool gets its first backups, all keys move to these, and none to a primary.
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
	m.Rehashed = before.Hash != after.Hash || before.HashTag != after.HashTag ||
		before.Distribution != after.Distribution
	switch now := placesOf(after, rings); {
	case m.First:
		for h := range ring.Hashes(rings.Backups) {
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

// compare finds the servers to which keys move, if the hash of a key has not changed.
func (m *Migration) compare(now *places) {
	for h := range ring.Hashes(append(m.before.all(), now.all()...)...) {
		pair := m.before.pair(h)
		m.note(now, pair[:], h)
	}
}

// compareAll is compare if the hash of a key has changed. Any pair of servers may have had the key. So keys move to
// every server that is not part of all pairs.
func (m *Migration) compareAll(now *places) {
	var always []string
	for h := range ring.Hashes(m.before.all()...) {
		pair := m.before.pair(h)
		if always == nil {
			always = slices.Clone(pair[:])
		}
		always = slices.DeleteFunc(always, func(server string) bool { return !slices.Contains(pair[:], server) })
	}
	for h := range ring.Hashes(now.all()...) {
		m.note(now, always, h)
	}
}

// note marks the servers of a hash that are not among before.
func (m *Migration) note(now *places, before []string, hash uint32) {
	p, b := now.rings.Primaries.Pick(hash), now.rings.Backups.Pick(hash)
	if !slices.Contains(before, now.primaries[p]) {
		m.Primaries[p] = true
	}
	if !slices.Contains(before, now.backups[b]) {
		m.Backups[b] = true
	}
}

// Gains reports whether keys move to the server with index i, which counts the primaries, then the backups.
func (m *Migration) Gains(i int) bool {
	if n := len(m.Primaries); i >= n {
		return m.Backups[i-n]
	}
	return m.Primaries[i]
}

// MovedTo returns a function that reports whether a key of the server with the given address has moved there. The
// server must be one that Gains. The function may be called from any goroutine.
func (m *Migration) MovedTo(address string) func(key []byte) bool {
	if m.First {
		return func([]byte) bool { return true }
	}
	return func(key []byte) bool {
		pair := m.before.pair(m.before.rings.Hash(key))
		return !slices.Contains(pair[:], address)
	}
}

// Group is the part of a migration that is about the group of one primary.
func (m *Migration) Group(share int) *Migration {
	g := *m
	g.Primaries = m.Primaries[share : share+1]
	return &g
}
