package repair

// Host is told about the progress of servers that return. The package above implements it.
type Host interface {
	// Warming is called when server i has got the keys that it missed, but still lacks the contents of the other
	// copies. The host must pass their keys to Fill: one batch for each call of More, up to a final one.
	Warming(i int)
	// More asks for the next batch of keys for server i.
	More(i int)
	// Flushed is called when server i was flushed to repair it. The keys of other engines are gone as well.
	Flushed(i int)
	// Overflowed is called when all keys of server i are dirty, and the server is usable. The host must call Overflow
	// soon, but not before it returns.
	Overflowed(i int)
	// Unflushable is called when server i has to be flushed before it is read, and has refused that. reply is its
	// reply.
	Unflushable(i int, reply string)
	// Abandoned is called when filling server i ends early. It needs no more keys now; it will be filled another time.
	Abandoned(i int)
	// MadeGood is called when server i may be read. Perhaps it is read already.
	MadeGood(i int)
}

const (
	firstCopies  = 4       // keys that are copied at a time at first, while the size of values is unknown
	maxCopies    = 64      // keys of one server that are copied at a time
	maxCopyBytes = 1 << 20 // about the same in bytes of values, so that the other server does not miss deadlines
	fewKeys      = 128     // with fewer keys to fill, the next batch is asked for
	maxLate      = 1000    // keys that may become dirty after everything else is repaired; more are deleted
)

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

// isFilling reports whether the server is being filled from the other copies.
func (h *resync) isFilling() bool { return h != nil && h.stage != missed }

// enter changes the stage of a resync.
func (e *Engine) enter(h *resync, to stage) {
	switch before := h.isFilling(); {
	case before && to == missed:
		e.warming--
		h.fills = nil
	case !before && to != missed:
		e.warming++
	}
	h.stage = to
	filled := 0
	for _, r := range e.resyncs {
		if r.isFilling() {
			filled++
		}
	}
	if filled != e.warming {
		e.Broken("the servers that are being filled are counted wrongly", nil)
		e.warming = filled
	}
}

// done notes that a copy or a deletion of h has ended, and continues the resync. h may be nil.
func (e *Engine) done(h *resync) {
	if h == nil {
		return
	}
	if h.busy--; h.busy < 0 {
		e.Broken("a resync has ended a copy that it did not begin", nil)
		h.busy = 0
	}
	e.goOn(h)
}

// Returned begins the resync of server i, which is connected again. The server must be Usable and not Readable. The
// host is told when it may be read.
func (e *Engine) Returned(i int) {
	if e.Retired {
		return
	}
	h := &resync{server: i, window: firstCopies}
	if e.dirty[i].All() {
		e.empty(i)
	} else {
		e.repeatDelayed(i)
	}
	e.dirty[i].Each(func(key string, _ uint64) { h.queue = append(h.queue, key) })
	e.resyncs[i] = h
	e.raise(h)
	e.goOn(h)
}

// Returns reports whether the resync of server i is under way.
func (e *Engine) Returns(i int) bool { return e.resyncs[i] != nil }

// Gone ends the resync of server i, if there is one, because the server has gone down. It also ends the filling of
// servers that get keys from this one.
func (e *Engine) Gone(i int) {
	if h := e.resyncs[i]; h != nil {
		e.enter(h, missed)
	}
	e.resyncs[i] = nil
	e.deciders.OverruledAll(i)
	e.recordAway(i)
	for j, h := range e.resyncs {
		if h.isFilling() && e.CopiesOf(j, i) {
			e.abandon(h)
			e.goOn(h)
		}
	}
}

// goOn starts copies as long as there is room, and ends the resync if nothing is left to do.
func (e *Engine) goOn(h *resync) {
	for e.resyncs[h.server] == h && h.room() && !e.sourceBehind(h) {
		if !e.copyNext(h) {
			break
		}
	}
	if e.resyncs[h.server] != h || h.busy > 0 || len(h.queue) > 0 || h.wait != nil {
		return
	}
	d := &e.dirty[h.server]
	switch {
	case h.stage == listing || h.stage == filling:
	case d.All() && e.unclean[h.server]: // the server is being flushed instead of being cleansed
	case h.stage == missed && e.incomplete[h.server] && e.CanFill(h.server):
		e.enter(h, listing)
		e.opt.Host.Warming(h.server)
	case d.All(): // the server is being flushed, or refuses it
	case e.unclean[h.server]: // nobody could tell which keys are out of date, so all of them have to go
		if h.isFilling() {
			e.abandon(h) // it begins again when the server is flushed
		}
		e.eraseAll(h.server)
	default:
		if h.isFilling() {
			e.enter(h, missed)
			e.incomplete[h.server] = false
			e.recordClean(h.server)
		}
		e.resyncs[h.server] = nil
		e.opt.Host.MadeGood(h.server)
	}
}

// room reports whether one more copy may be started.
func (h *resync) room() bool {
	return h.busy < min(h.window, maxCopies) && h.busy*h.size < maxCopyBytes
}

// copyNext begins to copy or fill the next key, and reports whether there was one.
func (e *Engine) copyNext(h *resync) bool {
	switch n := len(h.queue) - 1; {
	case n >= 0:
		key := h.queue[n]
		h.queue = h.queue[:n]
		e.copyKey(h, key)
	case h.isFilling():
		return e.fillNext(h)
	default:
		return false
	}
	return true
}

// add adds a dirty key to the queue. It returns false if too many keys came late: when everything else is done, new
// dirty keys must not keep the resync from ending.
func (h *resync) add(key []byte) bool {
	if len(h.queue) == 0 && (h.stage == missed || h.stage == last) {
		if h.late++; h.late > maxLate {
			return false
		}
	}
	h.queue = append(h.queue, string(key))
	return true
}
