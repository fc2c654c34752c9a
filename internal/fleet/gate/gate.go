package gate

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/fault"
	"magent/internal/fleet/core"
)

// Gate is the one of a process. Loops may call the methods of a Gate, and of its Terms and Waiters, from any
// goroutine. Those of the member's side (member.go) belong to the member's goroutine.
type Gate struct {
	clock func() time.Duration // as Now; another one in tests

	until    atomic.Int64  // when the right to decide ends, by the clock; 0: there is none
	at       atomic.Int64  // when the member's goroutine published last
	recorded atomic.Uint64 // the number of the last record; changed with mu held
	kept     atomic.Uint64 // all records up to this number are kept by all; never above recorded
	barrier  atomic.Uint64 // this number is not kept before Forget; 0: none. Changed with mu held

	taken atomic.Uint64 // all records up to this number were taken

	mu      sync.Mutex
	queue   []queued // not taken yet
	lost    bool     // a loop has found the lease to have ended
	terms   []*Term  // that are not over
	waiters []*Waiter

	asked chan struct{} // the member's goroutine has something to take

	marks []mark // of the member's goroutine: records that are not kept yet
}

// queued is a record with its number. Numbers rise, but there may be gaps.
type queued struct {
	core.Record
	number uint64
}

// mark says that the record with a number, and all before it, is the core's record seq, or before it.
type mark struct{ number, seq uint64 }

// Life is that of the process that has a term: whose connections are announced in it.
type Life struct {
	Name        string
	Incarnation uint64
	Life        uint64
}

// Term is the right to decide for a group, from one Own decision on.
type Term struct {
	Group string
	Epoch uint64
	Life  Life

	g    *Gate
	over atomic.Bool // it never begins again
}

// Waiter has one loop woken when records are kept.
type Waiter struct {
	g    *Gate
	wake func()
	due  atomic.Uint64 // the smallest number that is waited for; 0: none
}

// Now is the time by which a fleet goes: it goes on while the machine sleeps, and while the process is stopped.
func Now() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		panic("the kernel has no CLOCK_BOOTTIME: " + err.Error())
	}
	return time.Duration(ts.Nano())
}

// New returns a gate that lets nothing through yet.
func New() *Gate { return &Gate{clock: Now, asked: make(chan struct{}, 1)} }

// May reports whether the lease holds right now. What depends on a term has to ask the term.
func (g *Gate) May() bool {
	now := g.clock()
	if fault.BootTime {
		now = time.Duration(g.at.Load())
	}
	return fault.FleetLease || int64(now) < g.until.Load()
}

// Record has all members told of something, and returns its number. It never waits. The gate keeps r.
func (g *Gate) Record(r core.Record) uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.record(r)
}

func (g *Gate) record(r core.Record) uint64 {
	number := g.recorded.Add(1)
	g.queue = append(g.queue, queued{r, number})
	g.ask()
	return number
}

// Recorded is the number of the last record.
func (g *Gate) Recorded() uint64 { return g.recorded.Load() }

// Kept is the number up to which all records are kept by all members.
func (g *Gate) Kept() uint64 { return g.kept.Load() }

// ask wakes the member's goroutine.
func (g *Gate) ask() {
	select {
	case g.asked <- struct{}{}:
	default: // it is awake
	}
}
