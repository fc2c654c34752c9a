package proxy

import (
	"runtime/debug"
	"slices"
	"sync/atomic"

	"magent/internal/config"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
)

// addPool makes the parts of a pool on all loops. The loops do not run yet, or stand still.
func (svc *Service) addPool(index int, cfg *config.Pool, rings placement.Rings) (peers []*pool.Pool) {
	var loops []*pool.Loop
	for _, sh := range svc.shards {
		loops = append(loops, &sh.Loop)
	}
	peers = pool.New(loops, index, cfg, rings)
	for i, sh := range svc.shards {
		for len(sh.Pools) <= index {
			sh.Pools = append(sh.Pools, nil)
		}
		sh.Pools[index] = peers[i]
	}
	return peers
}

// addGroup makes the parts of a pool that a fleet may get, or of a group that it may split one into, as addPool does.
// It gets the next index: svc.cfgs alone says which are taken. A pool is not among these before the fleet has it
// (Follow). It is called during goOver.
func (svc *Service) addGroup(cfg *config.Pool, rings placement.Rings) (index int, peers []*pool.Pool) {
	index, peers = len(svc.cfgs), svc.addPool(len(svc.cfgs), cfg, rings)
	if cfg.Of == nil {
		cfg = nil
	}
	svc.cfgs, svc.group.ByPool = append(slices.Clip(svc.cfgs), cfg), append(svc.group.ByPool, new(atomic.Int64))
	return index, peers
}

// start connects to all servers. It runs on the loop.
func (svc *Service) start(sh *session.Shard) {
	sh.Start()
	svc.askSoon(sh)
}

// run is the goroutine of a loop.
func (svc *Service) run(sh *session.Shard) {
	defer svc.loops.Done()
	if err := sh.L.Run(); err != nil {
		svc.died(err)
	}
}

// giveBack returns memory to the system (session.Options).
func (svc *Service) giveBack() bool {
	if !svc.giving.CompareAndSwap(false, true) {
		return false
	}
	svc.helpers.Add(1)
	go svc.collect()
	return true
}

// collect runs in a goroutine of its own: it takes time, and the loops go on meanwhile.
func (svc *Service) collect() {
	defer svc.helpers.Done()
	defer svc.giving.Store(false)
	debug.FreeOSMemory()
}
