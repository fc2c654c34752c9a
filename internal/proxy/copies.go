package proxy

import (
	"slices"
	"sync"
	"time"

	"magent/failover"
	"magent/internal/config"
	"magent/internal/maintenance"
	"magent/internal/placement"
	"magent/internal/service"
	"magent/internal/session"
	"magent/internal/standing"
)

const (
	// copiesTime is how long a reload that drains servers waits for their other copies, which may just be repaired.
	copiesTime = 5 * time.Second
	copiesPoll = 2 * time.Millisecond // between two looks
)

// awaitCopies waits until each server that pools drain, and that is not drained yet, has its other copies up and
// complete. It returns what is missing when the time is up.
func (svc *Service) awaitCopies(pools []config.Pool) (missing error) {
	for began := time.Now(); ; time.Sleep(copiesPoll) {
		if missing = svc.missingCopies(pools); missing == nil || time.Since(began) > copiesTime {
			return missing
		}
		if svc.ending.Err() != nil {
			return service.ErrEnding
		}
	}
}

// missingCopies looks at the pools that this process decides for. Those of a fleet are groups.
func (svc *Service) missingCopies(pools []config.Pool) error {
	for i, cfg := range svc.cfgs {
		whole := cfg
		if cfg != nil && cfg.Of != nil {
			whole = cfg.Of
		}
		at := slices.IndexFunc(pools, func(p config.Pool) bool { return whole != nil && p.Name == whole.Name })
		if at < 0 {
			continue
		}
		drained := slices.DeleteFunc(slices.Clone(pools[at].Drained), func(d config.Drain) bool {
			return !cfg.At(d.Server) || cfg.DrainOf(d.Server) != nil
		})
		if len(drained) == 0 {
			continue
		}
		servers := slices.DeleteFunc(svc.serversOf(i), func(s maintenance.Server) bool {
			return cfg.DrainOf(s.Address) != nil
		})
		if servers == nil {
			continue // another member decides
		}
		for _, d := range drained {
			if err := maintenance.Unready(whole.Name, servers, d.Server); err != nil {
				return err
			}
		}
	}
	return nil
}

// serversOf returns what all loops know of the servers of a pool. They are those of its parts: a fleet may have gone
// over to others than svc.cfgs has (Follow).
func (svc *Service) serversOf(index int) []maintenance.Server {
	var cfg *config.Pool
	var all standing.Servers
	var mu sync.Mutex
	var servers []maintenance.Server
	replaced := false // while the loops were asked
	svc.onAll(func(sh *session.Shard) {
		mu.Lock()
		defer mu.Unlock()
		p := sh.Pools[index]
		if svc.member != nil && !p.Config.Redis && p.Term() == nil {
			return // another member decides
		}
		if cfg == nil {
			cfg, servers = p.Config, make([]maintenance.Server, len(p.Conns))
		}
		if replaced = replaced || p.Config != cfg; replaced {
			return
		}
		all.Note(p, cfg.RoleOf)
		for i := range servers {
			servers[i].Items += p.Stored[i].Items
		}
	})
	switch {
	case replaced:
		return svc.serversOf(index)
	case all == nil:
		return nil
	}
	for i, s := range all {
		v := &servers[i]
		v.Role, v.Address, v.Weight = s.Role, s.Address, placement.ServerAt(cfg, i).Weight
		v.State, v.Up, v.Missed = s.State.String(), s.State == failover.Up, s.Missed
	}
	return servers
}
