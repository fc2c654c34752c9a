package owner

import (
	"sync"
	"testing"

	"magent/internal/pool"
	"magent/internal/session"
)

// All loops answer at the same time what was asked for while keys were placed as before. They share nothing that they
// write.
func TestAllLoopsForsake(t *testing.T) {
	before := poolOf(t, "abcde", "x")
	f := split(t, before)
	var shards []*session.Shard
	for range 2 {
		sh := &session.Shard{}
		for range f.count() {
			sh.Pools = append(sh.Pools, &pool.Pool{})
		}
		shards = append(shards, sh)
	}
	f.o.OnAll = func(do func(*session.Shard)) {
		var loops sync.WaitGroup
		for _, sh := range shards {
			loops.Go(func() { do(sh) })
		}
		loops.Wait()
	}
	turn := planned(t, f, poolOf(t, "abc", "x"))
	turn.loose.Store(true)
	f.goOver(turn, 9)
	if n := len(f.parts(0)); n != 3 {
		t.Errorf("%d groups", n)
	}
}
