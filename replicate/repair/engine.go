package repair

import (
	"magent/failover"
	"magent/internal/call"
	"magent/internal/loop"
)

// Options configures an Engine.
type Options struct {
	Host     Host
	Journal  Recorder     // nil: what servers missed is forgotten when the process ends
	UnixTime func() int64 // the wall clock, in seconds since 1970
	Loops    int          // the number of loops; each has an engine for this pool
	MaxDirty int          // the number of dirty keys to remember of one server; beyond it, all of its keys are dirty
}

// Deciders is told when a server leads no more because its value is wrong. The engine of the requests implements it.
type Deciders interface {
	// Overruled is called when server i leads key no more. key is borrowed for the call.
	Overruled(i int, key []byte)
	// OverruledAll is called when server i leads no key any more.
	OverruledAll(i int)
}

// dirtyKeySize is the average size of a dirty key in bytes. MaxDirty of them are the bound in bytes.
const dirtyKeySize = 64

// Engine knows which keys of one loop are wrong on the servers of one pool, and repairs them.
type Engine struct {
	*call.Servers
	opt      Options
	deciders Deciders

	dirty      []failover.Dirty // by server
	incomplete []bool           // by server: it lacks keys that the other copies have
	unclean    []bool           // by server: keys that are not listed yet may be out of date there (Distrust)
	recorded   []bool           // by server: the journal has records of it
	tallies    []Tally          // by server

	resyncs  []*resync // by server: its resync; nil: none
	warming  int       // the number of resyncs that are filling
	copies   map[string]*copying
	erasures loop.Free[erasure]

	flushes  uint64 // counts the flush_alls of other loops: each when it begins and when it ends
	flushing int    // the number of them that are under way
	flushDue int64  // when the last flush_all with a delay takes effect, in seconds since 1970; 0: there is none

	line []byte // scratch: a command line being written
}

// New returns an engine for servers, on which no key is wrong.
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

// Trim releases the spare erasures that were not needed since the last call of Trim.
func (e *Engine) Trim() { e.erasures.Trim() }

// Retire releases the spare erasures, for good.
func (e *Engine) Retire() { e.erasures.Drop() }

// Copying returns how many keys are being copied now.
func (e *Engine) Copying() int { return len(e.copies) }

// Behind returns how many keys have to be repaired on server i: those that are dirty, and those that were deleted
// there and are not copied yet. If it is 0 for a server that is up, the server holds what the other copies hold.
func (e *Engine) Behind(i int) int {
	n := e.dirty[i].Len()
	for key, x := range e.copies {
		if x.server == i && x.fill && x.h == nil && !e.dirty[i].Has([]byte(key)) {
			n++
		}
	}
	return n
}
