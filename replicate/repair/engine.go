package repair

import (
	"magent/failover"
	"magent/internal/call"
	"magent/internal/loop"
)

// Options are what an Engine needs beside its servers.
type Options struct {
	Host     Host
	Journal  Recorder     // nil: what is known of outages ends with the process
	UnixTime func() int64 // the time of day, in seconds
	Loops    int          // that have an engine each for this pool
	MaxDirty int          // dirty keys of one server; more, and all of its keys are
}

// Deciders is told whose word counts no more, because what it holds is wrong: upwards, out of this package.
type Deciders interface {
	// Overruled: what server i says about key counts no more.
	Overruled(i int, key []byte)
	// OverruledAll: what server i says about any key counts no more.
	OverruledAll(i int)
}

// dirtyKeySize is the average size of dirty keys that MaxDirty is meant for.
const dirtyKeySize = 64

// Engine knows what is wrong on the servers of one pool, for the keys of one loop, and makes it good.
type Engine struct {
	*call.Servers
	opt      Options
	deciders Deciders

	dirty      []failover.Dirty // by server
	incomplete []bool           // servers that lack what the other copies have
	unclean    []bool           // servers that may hold what is out of date, of keys that nobody has listed yet: Distrust
	recorded   []bool           // servers of which the journal has records
	tallies    []Tally          // by server

	resyncs  []*resync // by server: what is being made good
	warming  int       // how many of them are being filled
	copies   map[string]*copying
	erasures loop.Free[erasure]

	flushes  uint64 // flush_alls that other loops have begun
	flushing int    // those of them that have not ended
	flushDue int64  // when the last flush_all with a delay takes effect, in seconds of the day's time

	line []byte // scratch: a command line being written
}

// New returns an engine that knows of nothing wrong.
func New(servers *call.Servers, opt Options, deciders Deciders) *Engine {
	n := len(servers.Conns)
	e := &Engine{
		Servers: servers, opt: opt, deciders: deciders,
		dirty: make([]failover.Dirty, n), incomplete: make([]bool, n), unclean: make([]bool, n),
		recorded: make([]bool, n),
		tallies:  make([]Tally, n), resyncs: make([]*resync, n), copies: map[string]*copying{},
		erasures: loop.NewFree[erasure](servers.Spare),
	}
	for i := range e.dirty {
		e.dirty[i] = failover.Dirty{MaxKeys: opt.MaxDirty, MaxBytes: opt.MaxDirty * dirtyKeySize}
	}
	return e
}

// Trim lets go of what is kept for use again and was not needed since the last call.
func (e *Engine) Trim() { e.erasures.Trim() }

// Retire keeps nothing for use again from now on.
func (e *Engine) Retire() { e.erasures.Drop() }

// Copying is how many keys are on their way from one copy to the other.
func (e *Engine) Copying() int { return len(e.copies) }

// Behind is how many keys server i has to make good: those that are dirty, and those that were deleted there for it
// and are yet to be copied. With 0 a server that is up holds what the other copies hold.
func (e *Engine) Behind(i int) int {
	n := e.dirty[i].Len()
	for key, x := range e.copies {
		if x.server == i && x.fill && x.h == nil && !e.dirty[i].Has([]byte(key)) {
			n++
		}
	}
	return n
}
