package owner

import (
	"cmp"
	"context"
	"errors"
	"time"

	"magent/internal/config"
	"magent/internal/fleet/gate"
	"magent/internal/fleet/launch"
	"magent/internal/journal"
	"magent/internal/pool"
	"magent/internal/session"
	"magent/internal/stats"
)

// New prepares taking part. The Process has its Gate from now on. No loop exists yet, and Pools and Group may still be
// empty.
func New(o Options) *Owner {
	ctx, stop := context.WithCancel(context.Background())
	o.Ending = cmp.Or(o.Ending, context.Background())
	f := &Owner{
		o: o, gate: gate.New(), ctx: ctx, stop: stop, wake: make(chan struct{}, 1),
		changed: make(chan struct{}), terms: map[string]*tenancy{}, left: map[string]*legacy{},
		beginnings: map[string]*beginning{},
	}
	o.Process.Gate = f.gate
	return f
}

// Figures are what this process knows of its fleet. Any goroutine may call it.
func (f *Owner) Figures() *stats.Fleet {
	if m := f.member.Load(); m != nil {
		known := m.Figures()
		known.Forwarded, known.Limits = f.forwarded.Load(), f.o.Fleet.Limits()
		return known
	}
	known := &stats.Fleet{Name: f.self(), Reason: "it has just been started"}
	for _, m := range f.o.Fleet.Members {
		one := stats.FleetMember{Name: m.Name, Address: m.Address(), Witness: m.Witness}
		known.Members = append(known.Members, one)
	}
	return known
}

// Begin sets the pools aside, until this process decides for them. known is what the journal knew. killed: the process
// before this one was. If it was in no fleet, what it had under way has to be compared. The loops do not run yet.
func (f *Owner) Begin(pools []*config.Pool, known *journal.Knowledge, killed bool) {
	f.lay(pools...)
	f.known, f.killed = known, killed
	f.rememberFlushes(known.Due)
	for i, cfg := range pools {
		if cfg.Redis {
			continue
		}
		for _, sh := range f.o.Group.Shards {
			sh.Pools[i].SetAside([]byte(refusal))
			sh.Pools[i].Held = true // until it hands requests to the owner (Join)
		}
	}
	for i := range pools {
		if f.isWhole(i) {
			f.begins(i, func(do func(*session.Shard)) {
				for _, sh := range f.o.Group.Shards {
					do(sh)
				}
			})
			if f.parts(i)[0] != i {
				f.wants[i].kind, f.haves[i].kind = splits, splits
			}
		}
	}
}

// rememberFlushes enters what the journal knows of flush_alls that are still due, before there is a fleet.
func (f *Owner) rememberFlushes(known map[journal.Server]int64) {
	var pools []*config.Pool
	for _, n := range f.allParts() {
		pools = append(pools, f.pool(n))
	}
	due := pool.RecallFlushes(time.Now(), pools, known, func(n int, due int64) { f.book.Void(pools[n].Name, 0, due) })
	if j := f.o.Process.Journal; j != nil {
		j.Due(due)
	}
}

// Join begins to take part. The loops run. Requests wait for an owner from now on.
func (f *Owner) Join() error {
	f.done.Add(1)
	go f.transit()
	for _, n := range f.allParts() {
		f.handOn(n)
	}
	f.told = f.placement()
	m, err := launch.Open(launch.Options{
		Fleet: f.o.Fleet, Place: f.o.Place, Log: f.o.Log, Groups: f.groups(), Pools: f.told, HomeAfter: f.o.HomeAfter,
		Killed: f.killed, Missed: missedBy(f.known),
		Serves: f.serves, Opened: f.opened, Commanded: f.o.Commanded,
		Decided: f.decided, Gate: f.gate, Recorded: f.recorded, Backlog: &f.backlog,
		Failed: f.o.Died, Note: f.o.Process.Registry.Events().Note, VIP: f.vip.Load,
	})
	if err == nil {
		f.member.Store(m)
	}
	return err
}

// Command has another member carry a command out (link.Links.Command).
func (f *Owner) Command(ctx context.Context, name string, body []byte) (answer []byte, err error) {
	if m := f.member.Load(); m != nil {
		return m.Command(ctx, name, body)
	}
	return nil, errors.New("this member has just been started")
}

// VIP says whether this machine has the address of --vip. Any goroutine may call it.
func (f *Owner) VIP(has bool) { f.vip.Store(has) }

// Leave has the others go on without this process, so that nobody waits for it.
func (f *Owner) Leave() {
	m := f.member.Load()
	if m == nil || f.ctx.Err() != nil { // another process has taken its place
		return
	}
	ctx, cancel := context.WithTimeoutCause(f.ctx, leaveTime, errors.New("the others did not answer in time"))
	defer cancel()
	if err := m.Leave(ctx); err != nil {
		f.o.Log.Warn().AnErr("reason", err).Msg("the fleet was left as by a crash: what was being written is compared")
	}
}

// leaveTime is how long a member that leaves waits for the others.
const leaveTime = 5 * time.Second

// Close ends taking part as a kill would. The loops run.
func (f *Owner) Close() { f.closing.Do(f.end) }

func (f *Owner) end() {
	f.mu.Lock()
	f.stop() // nothing begins after this
	f.mu.Unlock()
	f.done.Wait()
	f.reset(true)
	if m := f.member.Load(); m != nil {
		_ = m.Close()
	}
	f.done.Wait() // the member may have begun something meanwhile
}
