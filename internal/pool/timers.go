package pool

import (
	"time"

	"magent/internal/loop"
)

// The timers of a pool end with it: Leave unsets them. Else one that is set for an hour keeps a pool in memory for so
// long that a reload has replaced.

// newTimer returns a timer, which does nothing when the pool has left.
func (p *Pool) newTimer(f func()) *loop.Timer {
	t := loop.NewTimer(func() {
		if !p.Engine.Retired {
			f()
		}
	})
	p.timers[t] = struct{}{}
	return t
}

// after calls f once, after a while, unless the pool leaves before.
func (p *Pool) after(wait time.Duration, f func()) {
	var t *loop.Timer
	t = p.newTimer(func() {
		delete(p.timers, t)
		f()
	})
	p.Loop.L.Set(t, wait)
}

func (p *Pool) endTimers() {
	for t := range p.timers {
		p.Loop.L.Unset(t)
	}
	clear(p.timers)
}
