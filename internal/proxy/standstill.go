package proxy

import (
	"sync"

	"magent/internal/loop"
	"magent/internal/session"
)

// onAll calls f on every loop, and waits for it.
func (svc *Service) onAll(f func(*session.Shard)) {
	var all sync.WaitGroup
	for _, sh := range svc.shards {
		all.Add(1)
		sh.L.Post(loop.TaskFunc(func() {
			defer all.Done()
			f(sh)
		}))
	}
	all.Wait()
}

// takeClosing returns the descriptors that the loops were to close. They stand still, and go on sooner if the caller
// closes the connections of all pools that have left.
func (svc *Service) takeClosing() (all []int) {
	for _, sh := range svc.shards {
		all = append(all, sh.L.TakeClosing()...)
	}
	return all
}

// stopTheWorld makes all loops stand still until release is called. Each waits in a task. There is one standstill at a
// time: two would each wait for loops that stand still for the other.
func (svc *Service) stopTheWorld() (release func()) {
	svc.still.Lock()
	var standing sync.WaitGroup
	gate := make(chan struct{})
	for _, sh := range svc.shards {
		standing.Add(1)
		sh.L.Post(loop.TaskFunc(func() {
			standing.Done()
			<-gate
		}))
	}
	standing.Wait()
	return func() {
		close(gate)
		svc.still.Unlock()
	}
}
