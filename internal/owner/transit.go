package owner

import (
	"sync"
	"sync/atomic"
	"time"

	"magent/backend"
	"magent/internal/fleet/book"
	"magent/internal/fleet/core"
	"magent/internal/fleet/gate"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
)

// transit is the goroutine that has pools take the stance that is wished, one after the other.
func (f *Owner) transit() {
	defer f.done.Done()
	for {
		select {
		case <-f.ctx.Done():
			return
		case <-f.wake:
		}
		f.doTasks()
		for i := range f.haves {
			f.settle(i)
		}
	}
}

// settle brings a pool to the stance that is wished, or as far as it gets before another one is.
func (f *Owner) settle(i int) {
	for f.ctx.Err() == nil {
		f.mu.Lock()
		w := f.wants[i]
		f.mu.Unlock()
		todo := steps(f.haves[i], w.stance)
		if len(todo) == 0 {
			return
		}
		for _, s := range todo {
			if !f.do(i, s, w) {
				return // what has prevented it is followed by another wish
			}
		}
		f.haves[i] = w.stance
		f.mu.Lock()
		f.reached[i] = w.round
		f.mu.Unlock()
	}
}

// do carries one step out, and reports whether it succeeded.
func (f *Owner) do(i int, s step, w want) bool {
	switch s {
	case hold:
		f.o.OnAll(func(sh *session.Shard) { sh.Pools[i].Held = true })
	case finish:
		return f.finish(i, w.term)
	case release:
		f.released(w.term, f.settled(i))
	case forgo:
		w.term.End()
		f.released(w.term, false) // what there was to be doubted still is
	case relay:
		f.relay(i)
	case forget:
		f.endRelay(i)
	case build:
		f.build(i, w)
	case refit:
		f.refit(i)
	}
	return true
}

// released tells the core that a term is over in good order.
func (f *Owner) released(term *gate.Term, settled bool) {
	f.member.Load().Do(func(c *core.Core, now time.Duration) { c.Released(now, term.Group, term.Epoch, settled) })
}

// finish waits until nothing is under way, and has what is known recorded. Then the term ends. It gives up when the
// term is over before.
func (f *Owner) finish(i int, term *gate.Term) bool {
	f.o.OnAll(func(sh *session.Shard) {
		sh.Pools[i].PauseRepair()
		sh.GiveBack(sh.Pools[i])
	})
	for began := time.Now(); f.ctx.Err() == nil && !term.Over(); time.Sleep(poll) {
		if !f.idle(i, time.Since(began) > finishTime) {
			continue
		}
		f.reconsider(i)
		f.o.OnAll(func(sh *session.Shard) {
			p := sh.Pools[i]
			for n, c := range p.Conns {
				p.Engine.Record(n)
				if c.Pending() > 0 {
					c.Close(backend.ErrTimeout) // the next owner looks for its end
				}
				if c.Draining() > 0 {
					c.Abort(backend.ErrTimeout) // what is read makes room for replies, behind which the server goes on
				}
			}
		})
		term.End()
		return true
	}
	return false
}

// finishTime is how long answers to repairs are waited for.
const finishTime = 2 * time.Second

// idle reports whether no request is under way in a pool, and, unless it is late, no repair.
func (f *Owner) idle(i int, late bool) bool {
	var mu sync.Mutex
	idle := true
	f.o.OnAll(func(sh *session.Shard) {
		mu.Lock()
		defer mu.Unlock()
		p := sh.Pools[i]
		idle = idle && p.Engine.Idle()
		for _, c := range p.Conns {
			idle = idle && (late || c.Pending() == 0)
		}
	})
	return idle
}

// settled reports whether nothing is left to be doubted in a pool.
func (f *Owner) settled(i int) bool {
	var left atomic.Bool
	f.o.OnAll(func(sh *session.Shard) {
		if sh.Pools[i].Doubtful() {
			left.Store(true)
		}
	})
	return !left.Load()
}

// build makes a pool that decides. It begins with what servers have missed.
func (f *Owner) build(i int, w want) {
	cfg := w.cfg
	rings, err := placement.New(cfg)
	if err != nil {
		f.o.Died(err) // it has succeeded at the start
		return
	}
	f.awaitOwner(i, settleTime)
	var there []bool
	if w.scout != nil {
		there = w.scout.result()
		f.awaitDoors(w, there)
	}
	f.endRelay(i)
	var doubted []func(key []byte) bool
	repair := false
	f.replace(i, 0, func([]*pool.Loop) []*pool.Pool {
		f.addLate(i, w)
		if w.doubt {
			doubted = doubt(cfg, rings, there, w.missed)
			repair = doubted != nil && repairsPrimary(cfg, there, w.missed)
		}
		peers := f.o.AddPool(i, cfg, rings)
		pool.Watch(peers)
		return peers
	}, func(p *pool.Pool) {
		p.Govern(w.term, w.doors)
		if p.Loop.ID == 0 {
			p.RecallFlush(w.due)
		}
		if len(cfg.Backups) > 0 {
			f.inherit(p, w, doubted, repair)
		}
		if w.moves != nil {
			p.Migrate(w.moves)
		}
		p.Connect()
		f.o.Began(f.o.Group.Shards[p.Loop.ID])
	}, func() {
		// The loops have recorded what they have to repair. What was inherited counts no more.
		for n := range w.missed {
			e := book.Entry{Kind: book.Clean, Server: pool.ServerOf(cfg, n), Loop: book.Inherited}
			w.term.Record(core.Record{Kind: core.Knowledge, Clears: true, Data: e.Encode()})
		}
	})
}

// inherit has one loop's part of a new pool repair what servers have missed, and doubt of each server the keys in
// doubted; nil: none. repair says that the primaries are repaired from the backups.
func (f *Owner) inherit(p *pool.Pool, w want, doubted []func(key []byte) bool, repair bool) {
	sh := f.o.Group.Shards[p.Loop.ID]
	for n, m := range w.missed {
		var keys []string
		for _, key := range m.Keys {
			if f.o.Group.OwnerOf([]byte(key)) == sh {
				keys = append(keys, key)
			}
		}
		if repair && len(keys) > 0 {
			p.RepairPrimary(n, m, keys, doubted)
			continue
		}
		p.Recall(n, m, keys)
		if doubted != nil && doubted[n] != nil && !p.Doubtful() {
			p.Doubt(n, doubted[n])
		}
	}
}
