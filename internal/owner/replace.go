package owner

import (
	"sync"
	"time"

	"magent/internal/pool"
	"magent/internal/session"
)

// replace puts another pool in the place of pool i, on all loops. with makes its parts. begin is called with each of
// them, and then, unless it is nil, after all of them. The loops stand still meanwhile. limit is how long answers of
// the owner may be waited for before, if pool i relays.
func (f *Owner) replace(
	i int, limit time.Duration, with func([]*pool.Loop) []*pool.Pool, begin func(*pool.Pool), then func(),
) {
	release := f.standStill(i, limit)
	var loops []*pool.Loop
	var before []*pool.Pool
	for _, sh := range f.o.Group.Shards {
		loops, before = append(loops, &sh.Loop), append(before, sh.Pools[i])
		if !sh.Pools[i].Engine.Retired {
			sh.Pools[i].Leave()
		}
	}
	end := func() {}
	if !before[0].Relay {
		end = f.o.Process.Registry.RemovePool(i).Close
	}
	peers := with(loops)
	for n, sh := range f.o.Group.Shards {
		peers[n].Coming = before[n].Coming
		begin(peers[n])
		sh.Replace(session.Change{Before: before[n], After: peers[n]})
	}
	if then != nil {
		then()
	}
	release()
	f.o.OnAll(func(*session.Shard) {}) // what was closed is closed now, as in Reload
	end()
}

// standStill has all loops stand still, at a moment when the owner owes pool i no answer, or when time is up.
func (f *Owner) standStill(i int, limit time.Duration) (release func()) {
	for began := time.Now(); ; {
		f.awaitOwner(i, limit-time.Since(began))
		release := f.o.StopTheWorld()
		settled := true // what waited for a connection may have been sent by now
		for _, sh := range f.o.Group.Shards {
			settled = settled && owesNothing(sh.Pools[i])
		}
		if settled || time.Since(began) >= limit || f.ctx.Err() != nil {
			return release
		}
		release()
	}
}

// owesNothing reports whether the owner, if there is one, owes a pool no answer.
func owesNothing(p *pool.Pool) bool { return !p.Relay || p.Settled() }

// How long answers of the owner are waited for before this process decides itself, and before it goes on to hand
// requests to him with another configuration.
const (
	settleTime = 500 * time.Millisecond
	changeTime = 2 * time.Second
)

// awaitOwner waits until what was handed to the owner before is answered, or given back.
func (f *Owner) awaitOwner(i int, limit time.Duration) {
	for began := time.Now(); time.Since(began) < limit && f.ctx.Err() == nil; time.Sleep(poll) {
		var mu sync.Mutex
		settled := true
		f.o.OnAll(func(sh *session.Shard) {
			mu.Lock()
			defer mu.Unlock()
			settled = settled && owesNothing(sh.Pools[i])
		})
		if settled {
			return
		}
	}
}
