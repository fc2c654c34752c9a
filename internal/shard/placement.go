package shard

import (
	"magent/backend"
	"magent/internal/config"
)

// Keyless returns the indexes of the servers whose weight is too small for a point on the ring.
func Keyless(distribution string, servers []config.Address) []int {
	r, err := newRing(distribution, servers)
	if err != nil {
		return nil // told elsewhere
	}
	return r.Keyless()
}

// Placement returns what places the keys of a pool, for whoever looks at its servers without being a proxy.
func Placement(p *config.Pool) (hash backend.HashFunc, primaries, backups *backend.Ring, err error) {
	r, err := newRings(p)
	return r.hash, r.primaries, r.backups, err
}
