package member

import "magent/internal/fleet/core"

// Backlog is what the member's goroutine does in pieces, between messages, ticks and all else: done at once, it would
// last longer than a lease. It belongs to that goroutine. The zero value is empty.
type Backlog struct {
	jobs []func(c *core.Core) (done bool)
}

// Do has a job called, one piece at a time, until it says that it is done. Jobs are done one after the other. The
// first piece is done at once, if there is no other job.
func (b *Backlog) Do(c *core.Core, job func(c *core.Core) (done bool)) {
	if len(b.jobs) > 0 || !job(c) {
		b.jobs = append(b.jobs, job)
	}
}

// always is never waited for.
var always = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// some tells when there is something to do; nil: there is nothing.
func (b *Backlog) some() <-chan struct{} {
	if len(b.jobs) == 0 {
		return nil
	}
	return always
}

// Next does one piece, if there is any.
func (b *Backlog) Next(c *core.Core) {
	if len(b.jobs) > 0 && b.jobs[0](c) {
		b.jobs[0] = nil // which may hold much
		b.jobs = b.jobs[1:]
	}
}
