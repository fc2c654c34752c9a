package pool

import (
	"magent/internal/hot"
	"magent/internal/stats"
	"magent/replicate"
)

// memory returns what the engine needs to keep the values that are asked for most. Loops, and the groups of a pool,
// share what the configuration allows. A pool that another member of a fleet decides for has none.
func (p *Pool) memory() replicate.Memory {
	cfg, parts := p.Config, p.Loop.Threads
	if cfg.HotCache == 0 || cfg.Redis || p.Relay {
		return replicate.Memory{}
	}
	if cfg.Of != nil {
		parts *= len(cfg.Of.Servers)
	}
	m := replicate.Memory{
		Cache: hot.New(hot.Options{Size: cfg.HotCache / parts, Refresh: cfg.HotRefresh}), Now: p.Loop.L.Now,
	}
	if p.Loop.VIP {
		m.May = func() bool { return !p.Loop.Standby.Load() } // another proxy may have the clients
	}
	return m
}

// Counts returns the counters of the pool and its groups.
func (p *Pool) Counts() stats.Counters {
	count := p.Count
	count.HotKeys, count.HotBytes = p.Engine.Remembered()
	for _, g := range p.Groups {
		n := g.Counts()
		count.Add(&n)
	}
	return count
}
