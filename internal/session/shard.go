package session

import (
	"magent/internal/fleet/gate"
	"magent/internal/loop"
	"magent/internal/pool"
)

// NewShard adds a loop. It does not run yet.
func (g *Group) NewShard(process *pool.Process) (*Shard, error) {
	l, err := loop.New()
	if err != nil {
		return nil, err
	}
	sh := &Shard{
		Loop: pool.Loop{Process: process, ID: len(g.Shards), L: l}, group: g,
	}
	sh.partials, sh.outputs = loop.NewFree[partial](&sh.Spare), loop.NewFree[gate.Output](&sh.Spare)
	sh.Others = g.loops.Add(l, &sh.Spare)
	sh.GoOn = sh.Wake
	sh.FlushDue = func(pool int, due int64, done func([]byte)) { sh.Others.FlushDue(sh.Pools[pool], due, done) }
	sh.sweeper = loop.NewTimer(sh.Sweep)
	if process.Gate != nil {
		l.Yielding()
		kept := loop.TaskFunc(sh.kept)
		sh.Kept = process.Gate.NewWaiter(func() { l.Post(kept) })
	}
	g.Shards = append(g.Shards, sh)
	return sh, nil
}

// Start connects to all servers. It runs on the loop.
func (sh *Shard) Start() {
	sh.L.Set(sh.sweeper, sweepEvery)
	for _, p := range sh.Pools {
		p.Connect()
	}
}
