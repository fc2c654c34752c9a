package repair

// Recorder keeps what servers have missed beyond the death of the process, from the first request that failed on a
// server until it is made good. What was told is kept when the method returns.
type Recorder interface {
	Dirty(server int, key []byte)
	All(server int)        // everything is dirty
	Incomplete(server int) // it lacks what the other copies have
	Clean(server int)      // nothing of that is true any more
}

// noteDirty marks a key as dirty on server i. Of a server that is up only a lost request is recorded: where two
// copies merely disagree, the key is repaired at once.
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

// noteAll marks everything as dirty on server i.
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

// recordAway records what is dirty on a server that is out of use now.
func (e *Engine) recordAway(i int) {
	if e.opt.Journal == nil || e.Retired {
		return
	}
	e.dirty[i].Each(func(key string, _ uint64) {
		e.recorded[i] = true
		e.opt.Journal.Dirty(i, []byte(key))
	})
}

// Missed reports whether anything is to be made good on server i.
func (e *Engine) Missed(i int) bool { return !e.dirty[i].Empty() || e.incomplete[i] || e.unclean[i] }

// Record records the keys that are dirty on server i where two copies merely disagree, too: no more is repaired by
// this process. Everything else is recorded at once.
func (e *Engine) Record(i int) { e.recordAway(i) }

// recordClean ends the records of server i when there is nothing left that they say.
func (e *Engine) recordClean(i int) {
	if e.recorded[i] && !e.Retired && e.dirty[i].Empty() && !e.incomplete[i] && !e.unclean[i] {
		e.recorded[i] = false
		e.opt.Journal.Clean(i)
	}
}

// Recall has the engine know what a process before has recorded of server i, which must not be Usable yet.
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
