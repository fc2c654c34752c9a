package proxy

import (
	"sync/atomic"
	"time"

	"magent/internal/loop"
	"magent/internal/pool"
	"magent/internal/underway"
)

// settling waits until the keys that were under way when a process was killed are the same on both copies.
type settling struct {
	svc   *Service
	began time.Time
	keys  int
	left  atomic.Int32 // servers, by loop, that are not repaired yet, and one for who counts them
}

func (svc *Service) newSettling() *settling {
	s := &settling{svc: svc, began: time.Now()}
	s.left.Store(1)
	return s
}

// await adds a server, on one loop. The loop does not run yet.
func (s *settling) await(p *pool.Pool, i int) {
	s.left.Add(1)
	p.AwaitGood(i, s.good)
}

// good is called when a server is repaired, on the loop, and when all are counted.
func (s *settling) good() {
	if s.left.Add(-1) > 0 || s.keys == 0 {
		return
	}
	s.svc.log.Info().Int("keys", s.keys).Int64("took_ms", time.Since(s.began).Milliseconds()).
		Msg("what was being written when the magent before this one was killed is settled: no copy has another value")
}

// repeatFlushes carries out once more what flush_all was under way: nobody knows which servers have carried it out,
// and no client was told. It is noted until it has ended. It runs at the start, before the loops.
func (svc *Service) repeatFlushes(left *underway.Found) {
	if left == nil {
		return
	}
	sh, known := svc.shards[0], map[underway.Flush]bool{}
	for _, f := range left.Flushes {
		for n, cfg := range svc.cfgs {
			if known[f] || len(cfg.Backups) == 0 || !pool.Serves(cfg, svc.cfgs, pool.Named(f.Server)) {
				continue
			}
			known[f] = true
			p, line := sh.Pools[n], []byte(f.Line)
			slot := p.Engine.Underway.Flush(line)
			sh.L.Post(loop.TaskFunc(func() {
				sh.Others.Flush(p, line, func([]byte) { p.Engine.Underway.Done(slot) })
			}))
		}
	}
}
