package repair

import (
	"magent/failover"
	"magent/internal/fault"
)

// noteDirty marks a key as dirty on server i. lost means that the server missed a request. For a server that is up
// only such keys are recorded. If two copies merely disagree, the key is repaired at once.
func (e *Engine) noteDirty(i int, key []byte, lost bool) (seq uint64) {
	d := &e.dirty[i]
	known, all := d.Has(key), d.All()
	seq = d.Mark(key)
	if d.All() {
		e.deciders.OverruledAll(i)
	} else {
		e.deciders.Overruled(i, key)
	}
	switch away := !e.Health.Usable(i); {
	case !all && d.All():
		e.recordAll(i, false)
	case e.opt.Journal == nil || e.Retired || known && away || !lost && e.Health.Readable(i):
	default:
		e.recordKey(i, key)
	}
	return seq
}

func (e *Engine) recordKey(i int, key []byte) {
	e.recorded[i] = true
	e.dirty[i].Record(key)
	e.opt.Journal.Dirty(i, key)
}

// noteAll marks all keys as dirty on server i, and returns the sequence number of that. flushed says that a flush_all
// is about to be sent because of it, or that nobody has heard the end of one.
func (e *Engine) noteAll(i int, flushed bool) (seq uint64) {
	e.recordAll(i, flushed)
	seq = e.dirty[i].MarkAll()
	e.deciders.OverruledAll(i)
	return seq
}

func (e *Engine) record(i int, what func(Recorder, int)) {
	if e.opt.Journal != nil && !e.Retired {
		e.recorded[i] = true
		what(e.opt.Journal, i)
	}
}

func (e *Engine) recordAll(i int, flushed bool) {
	e.record(i, func(r Recorder, i int) { r.All(i, flushed) })
}

// recordAway records all dirty keys of server i, which has gone down.
func (e *Engine) recordAway(i int) {
	if e.opt.Journal == nil || e.Retired {
		return
	}
	e.dirty[i].Each(func(key string, _ uint64) { e.recordKey(i, []byte(key)) })
}

// Missed reports whether anything has to be repaired on server i.
func (e *Engine) Missed(i int) bool { return !e.dirty[i].Empty() || e.incomplete[i] || e.unclean[i] }

// Record records all dirty keys of server i, because this process will not repair them any more. Only keys on which
// two copies disagree need this: everything else was recorded when it became dirty.
func (e *Engine) Record(i int) { e.recordAway(i) }

// recordClean removes the records of server i if nothing is wrong there any more, and reports whether it did.
func (e *Engine) recordClean(i int) bool {
	if !e.recorded[i] || e.Retired || !e.dirty[i].Empty() || e.incomplete[i] || e.unclean[i] {
		return false
	}
	e.recorded[i] = false
	e.opt.Journal.Clean(i)
	return true
}

// cleaned notes that a key was repaired on server i. It had become dirty with seq; if it has become dirty again since,
// it stays so. The record of it has to go even if others stay: what a client is told to be stored from now on may be
// the only copy soon, and who begins with the records would delete it.
func (e *Engine) cleaned(i int, key []byte, seq uint64) {
	recorded := e.dirty[i].Recorded(key)
	if !e.dirty[i].Clean(key, seq) {
		return
	}
	e.tallies[i].Repairs++
	if !e.recordClean(i) && recorded && !e.Retired && !fault.Repaired {
		e.opt.Journal.Repaired(i, key)
	}
}

// Dirty returns what is dirty on server i. It is valid as long as the engine.
func (e *Engine) Dirty(i int) *failover.Dirty { return &e.dirty[i] }

// SetJournal changes where records go. Nothing must have been recorded yet.
func (e *Engine) SetJournal(r Recorder) { e.opt.Journal = r }
