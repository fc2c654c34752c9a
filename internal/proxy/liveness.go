package proxy

import (
	"context"

	"magent/internal/loop"
)

// Hung asks every loop for a sign of life. It returns the loops that have not given one when ctx is done.
func (svc *Service) Hung(ctx context.Context) (loops []int) {
	for i, alive := range svc.feel() {
		select {
		case <-alive:
			continue
		default:
		}
		select {
		case <-alive:
		case <-ctx.Done():
			loops = append(loops, i)
		}
	}
	return loops
}

// feel asks all loops, and returns the channels that they close.
func (svc *Service) feel() []chan struct{} {
	p := &svc.liveness
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]chan struct{}, len(svc.shards))
	for i, sh := range svc.shards {
		if i == len(p.owed) {
			p.owed = append(p.owed, nil)
		}
		if owed := p.owed[i]; owed == nil || closed(owed) {
			answer := make(chan struct{})
			p.owed[i] = answer
			sh.L.Post(loop.TaskFunc(func() { close(answer) }))
		}
		out[i] = p.owed[i]
	}
	return out
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
