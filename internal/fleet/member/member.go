package member

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/durable"
	"magent/internal/fleet/gate"
	"magent/internal/fleet/link"
	"magent/internal/fleet/view"
	"magent/internal/fleet/wal"
)

// Options are what a member is made of.
type Options struct {
	Core     core.Config
	Log      *wal.Log      // which the member closes
	Saved    durable.State // what the log had
	Listener net.Listener
	Peers    []link.Peer  // the others
	Secret   *link.Secret // nil: none
	Fleet    string       // what all members have to have in common, as a short text

	// Decided carries a decision out, on the member's goroutine; c may be used until it returns. Nothing of the member
	// may be waited for there. nil: there is nothing to carry out, as for a witness.
	Decided func(c *core.Core, d core.Decision)
	// Gate is what loops ask of this member; nil: none do. Recorded is called on the member's goroutine with what they
	// have recorded, in the order in which the others are told. nil: nobody wants to know.
	Gate     *gate.Gate
	Recorded func(c *core.Core, r core.Record)
	// Backlog is what takes long to carry out; nil: nothing does.
	Backlog *Backlog
	// VIP reports whether this machine has the address of --vip (core.AloneVIP). It is asked in each tick; nil: it has
	// not.
	VIP func() bool
	// Serves and Opened are those of link.Options. nil: no requests of other members are taken.
	Serves func(from, pool string) error
	Opened func(from string, d link.Data)
	// Commanded is that of link.Options. nil: no commands of other members are taken.
	Commanded func(ctx context.Context, from string, body []byte) (answer []byte)
	// Trouble says why there is no link to a member, nil: there is one again. Any goroutine calls it, once for each
	// change.
	Trouble func(name string, err error)
	// Double is that of link.Options.
	Double func(name, reason string)
	// Backwards says by how much the clock ran backwards. What the lease was good for is lost then. The member's
	// goroutine calls it; nil: nobody is told.
	Backwards func(by time.Duration)
	// Failed says that the member takes part no more, once: its state cannot be kept, or what the others have agreed
	// on is not understood. The process has to end. A goroutine of the member calls it; so it must not wait for Close.
	Failed func(err error)
}

// Member is a running member of a fleet.
type Member struct {
	opt   Options
	core  *core.Core
	links *link.Links
	calls chan func(now time.Duration) // of links, and of what was written
	asks  chan func(now time.Duration) // of Do and Ask
	next  next                         // of run alone
	ctx   context.Context
	stop  context.CancelFunc
	done  sync.WaitGroup
	left  chan struct{} // closed when the other members go on without this one

	writes  chan struct{} // something is to be written
	mu      sync.Mutex
	pending []durable.Write

	proving map[suspect]bool // who is being asked for; of run alone
	now     time.Duration    // the latest that run has read
	figures figures
	failing sync.Once

	incarnation atomic.Uint64
	leaseUntil  atomic.Int64
	view        atomic.Pointer[view.View]
}

// next is what waits for records that were made before it: it may say that nothing more will be recorded.
type next struct {
	do    func(now time.Duration) // nil: nothing waits
	after uint64                  // the number of the last of them
}

// suspect is a process of a member.
type suspect struct {
	name        string
	incarnation uint64
}

// Now is the time by which a fleet goes: it goes on while the machine sleeps, and while the process is stopped.
func Now() time.Duration { return gate.Now() }

// Do has something done on the member's goroutine, soon. It may wait for its turn. When the member has ended or
// failed, it may never be done: who waits for that calls Ask.
func (m *Member) Do(do func(c *core.Core, now time.Duration)) {
	select {
	case m.asks <- func(now time.Duration) { do(m.core, now) }:
	case <-m.ctx.Done():
	}
}

func (m *Member) call(do func(now time.Duration)) {
	select {
	case m.calls <- do:
	case <-m.ctx.Done():
	}
}

// Ask has something done on the member's goroutine, and waits for it. It reports whether it was done. It was not if
// ctx is done, or the member has ended or failed. Then it may yet be under way, or be done later.
func (m *Member) Ask(ctx context.Context, do func(c *core.Core, now time.Duration)) bool {
	done := make(chan struct{})
	select {
	case m.asks <- func(now time.Duration) { do(m.core, now); close(done) }:
	case <-ctx.Done():
		return false
	case <-m.ctx.Done():
		return false
	}
	select {
	case <-done:
		return true
	case <-ctx.Done():
	case <-m.ctx.Done():
	}
	return false
}

// Answers tells whether the member's goroutine does anything before ctx is done.
func (m *Member) Answers(ctx context.Context) bool {
	return m.Ask(ctx, func(*core.Core, time.Duration) {})
}

// Data connects to another member, to hand requests for a pool to it (link.Links.Data).
func (m *Member) Data(ctx context.Context, name, pool string) (link.Data, error) {
	return m.links.Data(ctx, name, pool)
}

// Command has another member carry a command out (link.Links.Command).
func (m *Member) Command(ctx context.Context, name string, body []byte) (answer []byte, err error) {
	return m.links.Command(ctx, name, body)
}

// LeaseUntil is when this process's right to decide ends, by Now; 0: it has none.
func (m *Member) LeaseUntil() time.Duration { return time.Duration(m.leaseUntil.Load()) }

// View is what the members have agreed on, as far as this one knows. It must not be changed. Epoch 0: nothing yet.
func (m *Member) View() *view.View { return m.view.Load() }

// fail ends taking part; the core is called no more.
func (m *Member) fail(err error) {
	m.failing.Do(func() {
		m.stop()
		m.opt.Failed(err)
	})
}
