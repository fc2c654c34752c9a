package pool

import "magent/internal/loop"

// Overflowed takes server i out of use if the other copies of its keys can be read until it is flushed. Else it is
// flushed at once.
func (p *Pool) Overflowed(i int) {
	p.Loop.L.Post(loop.TaskFunc(func() {
		if p.Engine.Overflow(i, p.mayRepair(i)) {
			p.TakeOut(i, errOverflow)
			p.Conns[i].Close(errOverflow)
			p.Conns[i].Connect()
		}
	}))
}
