package proxy

import (
	"slices"
	"sync"
	"time"

	"magent/failover"
	"magent/internal/config"
	"magent/internal/maintenance"
	"magent/internal/placement"
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

// serversOf returns what all loops know of the servers of a pool.
func (svc *Service) serversOf(index int) []maintenance.Server {
	cfg := svc.cfgs[index]
	var all standing.Servers
	var mu sync.Mutex
	servers := make([]maintenance.Server, len(cfg.Servers)+len(cfg.Backups))
	svc.onAll(func(sh *session.Shard) {
		mu.Lock()
		defer mu.Unlock()
		p := sh.Pools[index]
		if svc.member != nil && !cfg.Redis && (p.Term() == nil || p.Term().Over()) {
			return // another member decides, or none, and the pool may not have these servers any more
		}
		all.Note(p, cfg.RoleOf)
		for i := range servers {
			servers[i].Items += p.Stored[i].Items
		}
	})
	if all == nil {
		return nil
	}
	for i, s := range all {
		v := &servers[i]
		v.Role, v.Address, v.Weight = s.Role, s.Address, placement.ServerAt(cfg, i).Weight
		v.State, v.Up, v.Missed = s.State.String(), s.State == failover.Up, s.Missed
	}
	return servers
}
