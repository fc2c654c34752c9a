// Package owner has pools decide as the owner of a fleet, as long as a term of this process lasts. The goroutine of a
// member tells it what to do.
package owner

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/config"
	"magent/internal/fleet/book"
	"magent/internal/fleet/core"
	"magent/internal/fleet/gate"
	"magent/internal/fleet/member"
	"magent/internal/journal"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
)

// A member of a fleet decides for a pool as long as its term lasts (internal/fleet/gate). The member's goroutine is
// told what to do (decided). It notes what stance each pool is to take. The goroutine transit brings that about, one
// after the other. Only Drop is carried out at once, while the member's goroutine waits.

// Options are what an Owner needs of the process around it. The functions may be called by any goroutine beside the
// loops.
type Options struct {
	Fleet   *config.Fleet
	Place   journal.Place
	Log     zerolog.Logger
	Group   *session.Group
	Process *pool.Process

	HomeAfter time.Duration // in tests; 0: what launch says

	OnAll        func(func(*session.Shard)) // has all loops do something, and waits for it
	StopTheWorld func() (release func())    // has all loops stand still
	// AddPool makes the parts of a pool on all loops, which stand still.
	AddPool func(index int, cfg *config.Pool, rings placement.Rings) []*pool.Pool
	// AddGroup is that for a group that there was not. It says which index that gets, behind those of all pools.
	AddGroup func(cfg *config.Pool, rings placement.Rings) (index int, peers []*pool.Pool)
	Began    func(*session.Shard) // a pool connects on this loop, which stands still
	Died     func(error)          // the process has to end

	// Commanded is that of member.Options.
	Commanded func(ctx context.Context, from string, body []byte) []byte

	// Reload has this process read its file again as an operator has, and waits for that; nil: it cannot.
	Reload func(ctx context.Context) error

	// Ending is done when the process is told to end: who reloads waits no more. nil: it is never done.
	Ending context.Context
}

// Owner is what makes a process a member of a fleet that may decide.
type Owner struct {
	o      Options
	gate   *gate.Gate
	member atomic.Pointer[member.Member]
	ctx    context.Context
	stop   context.CancelFunc
	done   sync.WaitGroup

	closing sync.Once

	layout atomic.Pointer[layout]

	turn atomic.Pointer[Turn] // that is not decided yet; the member's goroutine sets it. nil: there is none

	forwarded atomic.Uint64 // requests that were handed to another owner
	vip       atomic.Bool   // this machine has the address of --vip

	mu       sync.Mutex
	wants    []want // by the index of the pool
	rounds   []int  // likewise: how often its configuration has changed
	reached  []int  // likewise: as of the last stance that it has taken
	wake     chan struct{}
	tasks    []*task       // for transit to do, in this order
	deciders []decider     // by the index of the pool
	changed  chan struct{} // closed when one of them changes

	// Of transit alone, by the index of the pool.
	haves   []stance
	unrelay []context.CancelFunc // ends the search for an owner

	// Of the member's goroutine alone.
	book   book.Book
	known  *journal.Knowledge // when the process began
	killed bool               // the process before this one was
	told   []byte             // what places keys, as the others know it
	terms  map[string]*tenancy
	// beginnings are the terms that are about to begin, by group. None of them is among terms.
	beginnings map[string]*beginning
	backlog    member.Backlog
	left       map[string]*legacy // by group, until somebody decides for it
	heard      uint64             // the last change of the view for which the file was to be read
}

// layout is which pools there are, those of Redis among them, which take no part: a reload may replace, remove and add
// such ones without telling. It is never changed: where a pool is added, another layout takes its place.
type layout struct {
	pools []*atomic.Pointer[config.Pool] // by index; the member's goroutine gives them other configurations
	names map[string]int                 // of those that are decided for together: their index
	order []int                          // of those that clients connect to: their indexes, as in the file
}

// want is the stance that a pool is to take, and what it begins with.
type want struct {
	stance
	cfg    *config.Pool         // of decides: what missed and doors are about; the pool may get another one meanwhile
	missed []*journal.Missed    // by server
	moves  *placement.Migration // of keys that have come from other groups; nil: there are none
	doors  pool.Doors
	due    int64 // when the last flush_all takes effect (book.Entry)
	doubt  bool  // what was under way at whoever decided before may be on one copy only
	scout  *scouting

	late  []book.Entry // what was learned after that, until the pool has begun
	begun bool
}

// scouting is what a pool that is to decide finds out about its servers: which of them are there.
type scouting struct {
	done  chan struct{} // closed when there is complete
	there []bool
}

// result waits for what was found out, for at most reachLater.
func (s *scouting) result() []bool {
	<-s.done
	return s.there
}

// decider is who decides for a pool; without a name nobody does.
type decider struct {
	name        string
	incarnation uint64
	epoch       uint64 // in which it was named
}

// tenancy is a term of this process.
type tenancy struct {
	*gate.Term
	cfg   *config.Pool
	doors pool.Doors
}

// beginning is a term that begins when all that is known was recorded again.
type beginning struct {
	d     core.Decision
	known *book.Telling
	later []core.Decision // that have come meanwhile, and are carried out then
}

// task is something that transit does between two pools.
type task struct {
	do   func()
	done chan struct{} // closed when it is done
}

// poll is the time between two looks at what is waited for.
const poll = 2 * time.Millisecond

// refusal is the answer to a request before this process has heard of the fleet.
const refusal = "SERVER_ERROR this member of the fleet has just been started, and knows no other yet\r\n"

// forsaken is the answer to a request that was on its way while pools went over to others.
const forsaken = "SERVER_ERROR fleet: keys are placed in another way now, and this was not carried out\r\n"

// nextRound has pools be replaced that relay, or are split. Those that decide are when their term is over.
func (f *Owner) nextRound(parts []int) {
	f.mu.Lock()
	for _, n := range parts {
		f.rounds[n]++
		if w := &f.wants[n]; w.kind == relays || w.kind == splits {
			w.round = f.rounds[n]
		}
	}
	f.mu.Unlock()
	f.awake()
}

// awake has transit look what there is to do.
func (f *Owner) awake() {
	select {
	case f.wake <- struct{}{}:
	default: // it is awake
	}
}

// begin counts a goroutine, unless the process is about to end.
func (f *Owner) begin() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ctx.Err() != nil {
		return false
	}
	f.done.Add(1)
	return true
}

// ends reports whether this process is told to end, or ends.
func (f *Owner) ends() bool { return f.o.Ending.Err() != nil || f.ctx.Err() != nil }

// self is this member's name.
func (f *Owner) self() string { return f.o.Fleet.Members[f.o.Fleet.Self].Name }

// decides reports whether this process decides for a group, or is about to, and in which epoch.
func (f *Owner) decides(group string) (epoch uint64, yes bool) {
	if t := f.terms[group]; t != nil {
		return t.Epoch, true
	}
	if b := f.beginnings[group]; b != nil {
		return b.d.Epoch, true
	}
	return 0, false
}
