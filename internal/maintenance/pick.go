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

// Undrain returns the list without the orders for these places, and the pools that this changes.
func (l List) Undrain(places []Place) (rest List, pools []string, err error) {
	rest = l
	for _, at := range places {
		switch d := at.Pool.DrainOf(at.Server); {
		case d != nil && d.By == "":
			err = fmt.Errorf("%s is drained by the file of pools: take it out of drained: in pool %s, and reload",
				at.Server, at.Pool.Name)
		case d != nil:
			rest, pools = rest.Without(at.Pool.Name, at.Server), append(pools, at.Pool.Name)
		case err == nil:
			err = fmt.Errorf("%s is not drained: `magent status` shows which servers are", at.Server)
		}
	}
	if len(pools) == 0 {
		return l, nil, err
	}
	return rest, pools, nil
}

// Drain returns the list with orders for the servers of effects that are not drained yet. now is in seconds since
// 1970.
func (l List) Drain(effects []Effect, by, reason string, now int64) List {
	for _, e := range effects {
		if e.Drained == "" {
			l = l.With(Order{Pool: e.Pool, Server: e.Server.Address, By: by, Reason: reason, Since: now})
		}
	}
	return l
}
