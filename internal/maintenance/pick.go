package maintenance

import (
	"fmt"

	"magent/internal/config"
)

// Place is a server of one pool.
type Place struct {
	Index  int // of the pool
	Pool   *config.Pool
	Server string // its address
}

// Pick returns where a server is that an operator names by its address or its name: in all pools, or in the one that
// is named. Pools may be nil.
func Pick(pools []*config.Pool, server, pool string) (places []Place, err error) {
	named := false
	for i, cfg := range pools {
		if cfg == nil || cfg.Of != nil || pool != "" && cfg.Name != pool {
			continue
		}
		named = true
		if a := cfg.Find(server); a != nil {
			places = append(places, Place{i, cfg, a.String()})
		}
	}
	switch {
	case !named:
		return nil, fmt.Errorf("there is no pool %q: `magent status` shows them", pool)
	case len(places) == 0:
		return nil, fmt.Errorf("no pool has a server %q: `magent status` shows them", server)
	}
	return places, nil
}
