package repair

// Host is what the engine tells of servers that come back: upwards, out of this package.
type Host interface {
	// Warming: server i has made good what it missed, but lacks the contents of the other copies. Their keys are to
	// be given to Fill, a batch each time that More is called, until one is the last.
	Warming(i int)
	// More asks for the next batch of keys for server i.
	More(i int)
	// Flushed: server i was flushed, because too many keys were dirty there. It has lost the keys of other engines,
	// too.
	Flushed(i int)
	// Unflushable: server i has to be flushed before it is read, and refuses that, with this reply.
	Unflushable(i int, reply string)
	// Abandoned: no more keys are to come for server i; what it lacks it gets another time.
	Abandoned(i int)
	// MadeGood: server i may be read, if it could not already.
	MadeGood(i int)
}

const (
	firstCopies  = 4       // keys that are copied at a time at first, when nobody knows how large they are
	maxCopies    = 64      // keys of one server that are copied at a time
	maxCopyBytes = 1 << 20 // about so many bytes of values are, at most: the other copy must not miss deadlines over it
	fewKeys      = 128     // keys to fill: with fewer, more are asked for
	maxLate      = 1000    // keys that may come late, when everything else is made good; more are deleted
)

// stage is how far a resync has come. It goes from one to the next, and back to missed when filling is given up.
type stage uint8

const (
	missed  stage = iota // it makes good what the server missed
	listing              // it fills, and more keys to fill are asked for
	filling              // it fills, and no more keys are asked for yet
	last                 // it fills the last keys
)

// resync makes good what a server missed while it was away. Its dirty keys are copied from the other copy; when the
// server came back empty, all the others follow. It takes part in mutations meanwhile, but is not read.
//
// It goes on as long as there is room for a copy and a key to be copied. It ends when nothing is under way and
// nothing is left; then it is not in Engine.resyncs any more.
type resync struct {
	server int
	stage  stage    // changed by Engine.enter alone, which counts those that fill in Engine.warming
	queue  []string // dirty keys to be copied
	late   int      // how many came to that when everything else was done; maxLate at most are taken
	busy   int      // copies and deletions under way that wait for it; each ends once (done); never below 0
	window int      // how many there may be, 1 at least: more with each that succeeds, fewer when one is slow
	size   int      // about the size of a large value among the last ones
	fills  []string // keys to fill; none when it does not fill
	seen   seen     // keys that clients have read, and that were filled because of that
}

// isFilling reports whether the server gets the contents of the other copies now.
func (h *resync) isFilling() bool { return h != nil && h.stage != missed }

// enter has a resync go to another stage.
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

// done notes that a copy or a deletion that h waits for, if any does, has ended, and goes on.
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

// Returned begins to make good what server i missed; a connection to it stands. The host is told when it may be
// read. The server must be Usable by then, and not Readable.
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
	e.goOn(h)
}

// Returns reports whether server i is in what Returned began.
func (e *Engine) Returns(i int) bool { return e.resyncs[i] != nil }

// Gone ends what Returned began, because the server is away again; and no other server gets keys from this one any
// more.
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

// goOn starts as many copies as may be under way, and ends the resync when there is nothing left to do.
func (e *Engine) goOn(h *resync) {
	for e.resyncs[h.server] == h && h.room() {
		if !e.copyNext(h) {
			break
		}
	}
	if e.resyncs[h.server] != h || h.busy > 0 || len(h.queue) > 0 {
		return
	}
	d := &e.dirty[h.server]
	switch {
	case h.stage == listing || h.stage == filling:
	case d.All() && e.unclean[h.server]: // it is being flushed, in place of being cleansed
	case h.stage == missed && e.incomplete[h.server] && e.CanFill(h.server):
		e.enter(h, listing)
		e.opt.Host.Warming(h.server)
	case d.All(): // it is being flushed, or refuses to be
	case e.unclean[h.server]: // nothing tells what is out of date there: no other copy, or no list of what it holds
		if h.isFilling() {
			e.abandon(h) // and begins anew
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

// room reports whether one more copy may be under way.
func (h *resync) room() bool {
	return h.busy < min(h.window, maxCopies) && h.busy*h.size < maxCopyBytes
}

// copyNext begins with the next key, and reports whether there was one.
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

// add adds a key to what is to be made good, and reports whether it may. When everything else is done, traffic must
// not keep the end from coming for ever.
func (h *resync) add(key []byte) bool {
	if len(h.queue) == 0 && (h.stage == missed || h.stage == last) {
		if h.late++; h.late > maxLate {
			return false
		}
	}
	h.queue = append(h.queue, string(key))
	return true
}
