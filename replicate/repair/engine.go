package repair

import (
	"magent/failover"
	"magent/internal/call"
	"magent/internal/loop"
	"magent/internal/underway"
)

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
	unheard    []bool           // by server: a flush_all was sent, and its answer is lost; all keys are dirty then
	recorded   []bool           // by server: the journal has records of it
	tallies    []Tally          // by server

	lacking [][]lack // by server: what others lack because it was away; at most maxLacking

	ties map[string]either // by key

	resyncs  []*resync // by server: its resync; nil: none
	warming  int       // the number of resyncs that are filling
	copies   map[string]*copying
	watch    func(server int, key string, under bool) // see WatchCopies; nil: nobody wants to know
	erasures loop.Free[erasure]

	flushes  uint64 // counts the flush_alls of other loops: each when it begins and when it ends
	flushing int    // the number of them that are under way
	delays   uint64 // counts the flush_alls with a delay

	line []byte // scratch: a command line being written
}

// New returns an engine for servers, on which no key is wrong.
func New(servers *call.Servers, opt Options, deciders Deciders) *Engine {
	n := len(servers.Conns)
	e := &Engine{
		Servers: servers, opt: opt, deciders: deciders,
		dirty: make([]failover.Dirty, n), incomplete: make([]bool, n), unclean: make([]bool, n),
		unheard: make([]bool, n), recorded: make([]bool, n), lacking: make([][]lack, n),
		tallies: make([]Tally, n), resyncs: make([]*resync, n), copies: map[string]*copying{},
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

// either says that the values of a key are as good on one server as on the other (MarkUndecided). The key is dirty on
// both of them, with these sequence numbers. Which of the two counts is decided when one of the servers is back.
type either struct {
	server [2]int
	seq    [2]uint64
}

// lack is a key that was deleted on a server because the one that has its right value was away.
type lack struct {
	server int
	key    string
}

// stage is how far a resync has come. It advances from one stage to the next, and goes back to missed if filling is
// abandoned.
type stage uint8

const (
	missed  stage = iota // repairs the keys that the server missed
	listing              // fills, and waits for the next batch of keys
	filling              // fills, and has enough keys for now
	last                 // fills the last batch
)

// resync repairs a server that was down. It copies the dirty keys from the other copy. If the server came back empty,
// it then copies all other keys. Meanwhile the server gets mutations but no reads.
//
// A resync starts copies as long as there is room and a key is left. It ends, and leaves Engine.resyncs, when nothing
// is under way and nothing is left. Before its barrier it neither ends nor fills. While a server that it copies from
// has a barrier, it starts nothing.
type resync struct {
	server int
	stage  stage    // only Engine.enter changes it, and counts in Engine.warming the resyncs that fill
	queue  []string // dirty keys to be copied
	late   int      // keys that were added after everything else was done; at most maxLate
	busy   int      // copies and deletions under way; each ends once (done); never below 0
	window int      // how many may be under way, at least 1: grows with each success, halves when a server is slow
	size   int      // estimated size of large values, in bytes: the maximum of the last ones, slowly decaying
	fills  []string // keys to fill; empty unless it is filling
	wait   *barrier // what the other copies were asked before; nil: they have answered
	seen   seen     // keys that were filled because clients had read them
}

// barrier is one request to each of the other copies, behind everything that they were asked before.
type barrier struct {
	e    *Engine
	h    *resync // the resync that waits, as long as h.wait is this barrier
	left int     // requests without an answer
}

// copying copies one key from a server to another: it reads the item there (mg) and writes it here (ms). Both commands
// use the connections of the requests, so the write has its place in the order of the key's mutations.
//
// It must not write an old value over a newer one, nor delete a newer one. So if a mutation is sent between the read
// and its reply, the key is read again. The table in step.go says what it does upon a reply.
//
// A key has at most one copying that is not over; it is in Engine.copies. As long as it is there, one of its requests
// is under way and a reply is due.
type copying struct {
	e         *Engine
	h         *resync // the resync that waits for it and counts it in busy; nil: the server is up
	server    int     // the server that gets the key
	from      int     // the server where it is read; the key is not dirty there when the copying begins
	key       string
	seq       uint64 // the sequence number with which the key became dirty (failover.Dirty.SeqOf); 0: it is not dirty
	phase     phase  // reading, then writing, and back to reading if it is read again; over is final
	fill      bool   // the server lacks the key, which is not dirty: nothing is replaced or deleted
	overtaken bool   // a mutation was sent after the key was read or written; a new read resets it
	again     bool   // the key became dirty again or was deleted after the read; a new read resets it
	flushes   uint64 // Engine.flushes at the time of the read
	told      bool   // the watcher was told that it is under way
	noted     underway.Slot
}

// erasure is the deletion of a dirty key, or a flush_all, that a server has not answered yet.
type erasure struct {
	e      *Engine
	server int
	h      *resync // the resync that waits for it; nil: none
	key    []byte
	all    bool   // it is a flush_all
	only   bool   // it deletes nothing: something else has replaced the value, and its reply comes first
	seq    uint64 // the sequence number with which the key, or everything, became dirty; 0: it stays dirty
	noted  underway.Slot
}

// Tally returns the counters of server i. The caller reads them and sets them to zero.
func (e *Engine) Tally(i int) *Tally { return &e.tallies[i] }
