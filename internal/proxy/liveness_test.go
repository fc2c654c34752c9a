package proxy

import (
	"context"
	"slices"
	"testing"

	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/testkit"
)

// Nobody hangs when all loops turn, and the one that is stuck does, whichever that is.
func TestHungWhicheverLoop(t *testing.T) {
	r := start(t, 1, 0, func(c *config.Config) { c.Threads = 3 })
	atOnce, cancel := context.WithCancel(t.Context())
	cancel()
	for id, sh := range r.svc.shards {
		if hung := r.svc.Hung(t.Context()); hung != nil {
			t.Fatalf("hung: %v", hung)
		}
		stuck, free := make(chan struct{}), make(chan struct{})
		sh.L.Post(loop.TaskFunc(func() {
			close(stuck)
			<-free
		}))
		testkit.Await(t, "the loop is stuck", stuck)
		r.svc.Hung(atOnce)
		for _, other := range r.svc.shards {
			if other == sh {
				continue
			}
			turned := make(chan struct{})
			other.L.Post(loop.TaskFunc(func() { close(turned) }))
			testkit.Await(t, "another loop turns", turned)
		}
		if hung := r.svc.Hung(atOnce); !slices.Contains(hung, id) {
			t.Errorf("hung: %v, although loop %d is stuck", hung, id)
		}
		close(free)
		if hung := r.svc.Hung(t.Context()); hung != nil {
			t.Errorf("hung: %v", hung)
		}
	}
}
