package shard

import (
	"magent/backend"
	"magent/internal/config"
)

// Placement returns what places the keys of a pool, for whoever looks at its servers without being a proxy.
func Placement(p *config.Pool) (hash backend.HashFunc, primaries, backups *backend.Ring, err error) {
	r, err := newRings(p)
	return r.hash, r.primaries, r.backups, err
}
