// Package placement tells on which servers the keys of a pool are, and which keys move when the pool changes. It does
// no I/O. Its values never change, so all loops share them. So does magent verify, which compares servers without a
// proxy.
package placement

import (
	"fmt"
	"math/rand/v2"

	"magent/backend/ring"
	"magent/internal/config"
)

// Rings tells on which servers the keys of a pool are. It never changes, so any goroutine may read it.
type Rings struct {
	Hash               ring.HashFunc
	HashFour           ring.HashFour // nil: keys are hashed one after the other
	Primaries, Backups *ring.Ring    // Backups is nil in a pool without backups

	whole *ring.Ring // of a group: the primaries of all groups; nil: it is no group
	share int
}

// New returns the rings of a pool.
func New(p *config.Pool) (r Rings, err error) {
	hash, ok := ring.HashByName(p.Hash)
	if !ok {
		return r, fmt.Errorf("hash %q is unknown", p.Hash)
	}
	r.Hash = hashOf(p, hash)
	if p.Distribution != config.Random && p.HashTag == "" {
		r.HashFour = ring.FourByName(p.Hash)
	}
	if r.Primaries, err = newRing(p.Distribution, p.Servers, nil); err == nil && len(p.Backups) > 0 {
		r.Backups, err = newRing(p.Distribution, p.Backups, nil)
	}
	if err == nil && p.Of != nil {
		r.share = p.Share
		r.whole, err = newRing(p.Distribution, p.Of.Servers, nil)
	}
	return r, err
}

// Without returns the ring of those primaries of a pool that are live. live is by index.
func Without(p *config.Pool, live []bool) (*ring.Ring, error) {
	return newRing(p.Distribution, p.Servers, live)
}

// hashOf returns the function that hashes the keys of a pool. With a hash tag, it hashes only the part of the key that
// the tag encloses. For the distribution random it returns a random number.
func hashOf(p *config.Pool, hash ring.HashFunc) ring.HashFunc {
	switch {
	case p.Distribution == config.Random:
		return func([]byte) uint32 { return rand.Uint32() }
	case p.HashTag != "":
		tag := [2]byte([]byte(p.HashTag))
		return func(key []byte) uint32 { return hash(ring.HashTag(key, tag)) }
	}
	return hash
}

// newRing returns a ring of the servers that are live, by index; nil: of all servers.
func newRing(distribution string, servers []config.Address, live []bool) (*ring.Ring, error) {
	var members []ring.Member
	for _, a := range servers {
		name := a.RingName()
		if distribution == "magent" || distribution == "magent-ketama" {
			name = a.MagentName()
		}
		members = append(members, ring.Member{Name: name, Weight: a.Weight})
	}
	return ring.New(distribution, members, live)
}

// Keyless returns the indexes of the servers whose weight is too small for a point on the ring.
func Keyless(distribution string, servers []config.Address) []int {
	r, err := newRing(distribution, servers, nil)
	if err != nil {
		return nil // New returns this error, too
	}
	return r.Keyless()
}

// Ejects reports whether keys move when a server of the pool is ejected.
func Ejects(p *config.Pool) bool { return p.AutoEject && len(p.Backups) == 0 }

// Sole reports whether there is nothing to go to while a server of the pool is away: there is no other copy, and keys
// do not move.
func Sole(p *config.Pool) bool { return !p.AutoEject && len(p.Backups) == 0 }

// ServerAt returns the server of a pool with index i, which counts the primaries, then the backups.
func ServerAt(p *config.Pool, i int) *config.Address {
	if n := len(p.Servers); i >= n {
		return &p.Backups[i-n]
	}
	return &p.Servers[i]
}

// RoleOf returns the role of the server with index i: primary or backup.
func RoleOf(p *config.Pool, i int) string {
	if i >= len(p.Servers) {
		return "backup"
	}
	return "primary"
}
