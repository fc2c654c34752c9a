package shard

import (
	"testing"

	"magent/internal/config"
	"magent/internal/loop"
)

// A ping comes back when all loops turn, and not while one of them is stuck, whichever that is.
func TestPing(t *testing.T) {
	r := start(t, 1, 0, func(c *config.Config) { c.Threads = 3 })
	for _, sh := range r.svc.shards {
		answered := make(chan struct{}, 1)
		r.svc.Ping(answered)
		await(t, "an answer", answered)

		stuck, free := make(chan struct{}), make(chan struct{})
		sh.l.Post(loop.TaskFunc(func() {
			close(stuck)
			<-free
		}))
		await(t, "the loop is stuck", stuck)
		r.svc.Ping(answered)
		for _, other := range r.svc.shards {
			if other == sh {
				continue
			}
			turned := make(chan struct{})
			other.l.Post(loop.TaskFunc(func() { close(turned) }))
			await(t, "another loop turns", turned)
		}
		select {
		case <-answered:
			t.Errorf("an answer although loop %d is stuck", sh.id)
		default:
		}
		close(free)
		await(t, "an answer", answered)
	}
}
