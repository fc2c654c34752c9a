package shard

import (
	"sync/atomic"

	"magent/ascii"
	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/stats"
	"magent/resp"
)

// maxUnsent bounds the bytes of replies that clients do not fetch, all clients of a loop together.
const maxUnsent = 256 << 20

// Shard is one loop and what lives on it.
type Shard struct {
	pool.Loop
	svc   *Service
	Pools []*pool.Pool
	past  stats.Counters // of pools that were removed

	load        atomic.Int64 // clients given to this shard; read by the accepting one
	sessions    map[*session]struct{}
	req         ascii.Request // the request being served
	cmd         resp.Request  // and in a Redis pool
	queued      resp.Request  // a command of the transaction that is being executed
	clientIDs   int64         // given to clients of Redis pools
	assembly    int           // bytes of incomplete requests, and of transactions
	unsent      int           // bytes of replies that the sockets did not take
	searched    uint64        // bytes in which the end of a line was looked for in vain, for tests
	errands     loop.Free[errand]
	gathers     loop.Free[gather]
	owed        int // bytes that were let go of, and may be given back to the system
	sweeper     *loop.Timer
	line        []byte // scratch
	slow        slowLog
	drainDone   func()
	demands     []*demand // by the index of the pool
	storedTimer *loop.Timer
}

func newShard(svc *Service, id int) (*Shard, error) {
	l, err := loop.New()
	if err != nil {
		return nil, err
	}
	sh := &Shard{
		Loop: pool.Loop{Process: &svc.shared, ID: id, L: l}, svc: svc,
		sessions: map[*session]struct{}{},
	}
	sh.errands, sh.gathers = loop.NewFree[errand](&sh.Spare), loop.NewFree[gather](&sh.Spare)
	sh.sweeper = loop.NewTimer(sh.sweep)
	sh.storedTimer = loop.NewTimer(sh.askStored)
	return sh, nil
}

// addPool makes the parts of a pool on all loops, which do not run yet or stand still.
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

// start connects to all servers; it runs on the loop.
func (sh *Shard) start() {
	sh.L.Set(sh.sweeper, sweepEvery)
	for _, p := range sh.Pools {
		p.Connect()
	}
	sh.askSoon()
}

// run is the goroutine of the shard's loop.
func (sh *Shard) run() {
	defer sh.svc.loops.Done()
	if err := sh.L.Run(); err != nil {
		sh.svc.died(err)
	}
}
