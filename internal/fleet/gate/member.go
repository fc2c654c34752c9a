package gate

import (
	"time"

	"magent/internal/fleet/core"
)

// The member's side. These methods belong to the member's goroutine.

// Asked tells when there is something to Take.
func (g *Gate) Asked() <-chan struct{} { return g.asked }

// Take returns what was recorded since the last call, in order, and at most as much as limit says: the rest is to be
// taken soon, and Asked says so. lost says that a loop has found the lease to have ended; what was recorded before
// that was taken by then. The caller hands the records to the core, and calls Taken.
func (g *Gate) Take(limit int) (records []core.Record, lost bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(limit, len(g.queue))
	number := g.recorded.Load()
	if n < len(g.queue) {
		number = g.queue[n-1].number
		defer g.ask()
	} else {
		lost, g.lost = g.lost, false
	}
	for _, q := range g.queue[:n] {
		records = append(records, q.Record)
	}
	if g.queue = g.queue[n:]; len(g.queue) == 0 {
		g.queue = nil
	}
	if n > 0 {
		g.marks = append(g.marks, mark{number: number})
	}
	g.taken.Store(number)
	return records, lost
}

// TakenTo is the number up to which all records were taken. Any goroutine may call it.
func (g *Gate) TakenTo() uint64 { return g.taken.Load() }

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
	g.marks, g.lost = nil, false
	g.barrier.Store(0)
	g.kept.Store(g.recorded.Load())
	g.mu.Unlock()
	g.wake()
}

// Publish tells the loops until when the lease runs.
func (g *Gate) Publish(now, until time.Duration) {
	g.at.Store(int64(now))
	g.until.Store(int64(until))
}

// Keep tells the loops up to which number of the core's all records are kept. Those who have waited for that are
// woken. Everything that was taken has to have its number by then, and what the core wants dropped has to be dropped:
// its numbers say nothing any more of what was recorded before.
func (g *Gate) Keep(kept uint64) {
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
