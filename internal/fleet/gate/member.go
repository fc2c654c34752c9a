package gate

import (
	"time"

	"magent/internal/fleet/core"
)

// The member's side. These methods belong to the member's goroutine.

// Asked tells when there is something to Take.
func (g *Gate) Asked() <-chan struct{} { return g.asked }

// Take returns what was recorded since the last call, in order. lost says that a loop has found the lease to have
// ended. The caller hands the records to the core, and calls Taken.
func (g *Gate) Take() (records []core.Record, lost bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	records, lost = g.queue, g.lost
	g.queue, g.lost = nil, false
	if len(records) > 0 {
		g.marks = append(g.marks, mark{number: g.recorded.Load()})
	}
	return records, lost
}

// Taken says which number the core has given to the last of the records that Take returned.
func (g *Gate) Taken(seq uint64) { g.marks[len(g.marks)-1].seq = seq }

// EndAll ends all terms, as Drop has asked. What was recorded in them is still taken.
func (g *Gate) EndAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.end()
}

// Forget is called when all terms have ended, and everything has been dropped that depended on records. Nobody waits
// any more for those that were made until now: they may never be kept, and the core may count anew.
func (g *Gate) Forget() {
	g.mu.Lock()
	g.marks = nil
	g.barrier.Store(0)
	g.kept.Store(g.recorded.Load())
	g.mu.Unlock()
	g.wake()
}

// Publish tells the loops until when the lease runs, and up to which number of the core's all records are kept. Those
// who have waited for that are woken. Everything that was taken has to have its number by then.
func (g *Gate) Publish(now, until time.Duration, kept uint64) {
	g.at.Store(int64(now))
	g.until.Store(int64(until))
	n := 0
	for n < len(g.marks) && g.marks[n].seq <= kept {
		n++
	}
	if n == 0 {
		return
	}
	number := g.marks[n-1].number
	if b := g.barrier.Load(); b > 0 {
		number = min(number, b-1)
	}
	g.kept.Store(max(g.kept.Load(), number))
	g.marks = g.marks[n:]
	g.wake()
}
