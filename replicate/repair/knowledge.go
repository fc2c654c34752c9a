package repair

// Recorder records what servers have missed. A record survives the process as soon as the method has returned.
type Recorder interface {
	Dirty(server int, key []byte) // key, which is borrowed for the call, is dirty
	All(server int)               // all keys are dirty
	Incomplete(server int)        // it lacks keys that the other copies have
	Clean(server int)             // nothing is wrong there any more: its records can go
}

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
		e.record(i, Recorder.All)
	case e.opt.Journal == nil || e.Retired || known && away || !lost && e.Health.Readable(i):
	default:
		e.recorded[i] = true
		e.opt.Journal.Dirty(i, key)
	}
	return seq
}

// noteAll marks all keys as dirty on server i, and returns the sequence number of that.
func (e *Engine) noteAll(i int) (seq uint64) {
	e.record(i, Recorder.All)
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

// recordAway records all dirty keys of server i, which has gone down.
func (e *Engine) recordAway(i int) {
	if e.opt.Journal == nil || e.Retired {
		return
	}
	e.dirty[i].Each(func(key string, _ uint64) {
		e.recorded[i] = true
		e.opt.Journal.Dirty(i, []byte(key))
	})
}

// Missed reports whether anything has to be repaired on server i.
func (e *Engine) Missed(i int) bool { return !e.dirty[i].Empty() || e.incomplete[i] || e.unclean[i] }

// Record records all dirty keys of server i, because this process will not repair them any more. Only keys on which
// two copies disagree need this: everything else was recorded when it became dirty.
func (e *Engine) Record(i int) { e.recordAway(i) }

// recordClean removes the records of server i if nothing is wrong there any more.
func (e *Engine) recordClean(i int) {
	if e.recorded[i] && !e.Retired && e.dirty[i].Empty() && !e.incomplete[i] && !e.unclean[i] {
		e.recorded[i] = false
		e.opt.Journal.Clean(i)
	}
}

// Recall gives the engine what an earlier process recorded of server i, which must not be Usable yet.
func (e *Engine) Recall(i int, keys []string, all, incomplete bool) {
	for _, key := range keys {
		e.noteDirty(i, []byte(key), true)
	}
	if all {
		e.noteAll(i)
	}
	if incomplete {
		e.Emptied(i)
	}
}
