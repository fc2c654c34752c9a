package proxy

import (
	"fmt"
	"testing"
	"time"

	"magent/internal/session"
	"magent/internal/testkit"
)

// another kills the owner, and returns when another member decides and the dead one is back.
func (f *fleetRig) another(key string) {
	f.t.Helper()
	dead := f.owner()
	f.kill(dead)
	f.set(key, "v")
	f.start(dead)
	testkit.Until(f.t, "it has joined", func() bool {
		for _, m := range f.svcs[f.owner()].fleet().Members {
			if m.State != "alive" {
				return false
			}
		}
		return true
	})
}

// dueIn returns in how many seconds the owner is to flush the pool; -1: it is not to.
func (f *fleetRig) dueIn() (seconds int64) {
	f.t.Helper()
	seconds = -1
	svc := f.svcs[f.owner()]
	svc.onAll(func(sh *session.Shard) {
		for _, p := range sh.Pools {
			if sh.ID == 0 && p.Term() != nil && p.DelayedFlush() > 0 {
				seconds = p.DelayedFlush() - time.Now().Unix()
			}
		}
	})
	return seconds
}

// TestFleetDelayedFlush: a flush_all that is still to take effect is known to the owners that follow, also to one that
// has joined since. Who is the owner at its time carries it out, and no other one does.
func TestFleetDelayedFlush(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 1)
	const later, soon = 100_000, 90_000 // however long this takes
	f.set("k0", "v")
	if got := f.ask(1, fmt.Sprintf("flush_all %d\r\n", later)); got != "OK\r\n" {
		t.Fatalf("%q", got)
	}
	for _, key := range []string{"k1", "k2"} {
		f.another(key)
		if left := f.dueIn(); left < soon {
			t.Errorf("%s: the pool is flushed in %d s", key, left)
		}
	}
	if got := f.ask(1, "flush_all 1\r\n"); got != "OK\r\n" {
		t.Fatalf("%q", got)
	}
	f.another("k3")
	testkit.Until(t, "it is flushed", func() bool { return f.ask(1, "get k0\r\n") == "END\r\n" })
	testkit.Until(t, "that has ended", func() bool { return f.dueIn() < 0 })
	f.another("k4")
	if left := f.dueIn(); left >= 0 {
		t.Errorf("the next owner flushes the pool once more in %d s", left)
	}
}
