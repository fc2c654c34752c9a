package repair

// Distrust notes that server i may hold values that are out of date, because keys have moved to it or because it is
// another server. It must not be Usable yet. Before it is read, all those keys must be passed to Cleanse, or the
// server is flushed.
func (e *Engine) Distrust(i int) {
	if e.Backups == nil {
		return
	}
	e.recordAll(i, e.unheard[i]) // after a crash nobody would know which keys these are
	e.unclean[i] = true
	e.Emptied(i)
}

// Spare has server i cleansed on its return instead of flushed, if all its keys are dirty and other groups have keys
// there. It must not be Usable yet, and nothing that was sent earlier can be carried out any more. It reports whether
// that is so. If a flush_all was sent that nobody has heard the end of, by this engine or by one before it, the others
// are told: the server may have lost their keys. Otherwise it has them, perhaps as the only one.
func (e *Engine) Spare(i int) bool {
	d := &e.dirty[i]
	if !e.opt.Shared || i < e.NumPrimaries || !d.All() {
		return false
	}
	if e.unheard[i] {
		e.FlushedShared(i)
		e.unheard[i] = false
	}
	e.Distrust(i)
	return d.CleanAll(d.SeqOf(nil))
}

// Trust takes Distrust back: another process has repaired what server i holds. The server, which must have no dirty
// keys, is still filled.
func (e *Engine) Trust(i int) {
	if !e.unclean[i] {
		return
	}
	e.unclean[i] = false
	e.record(i, Recorder.Clean)
	e.record(i, Recorder.Incomplete)
}

// Distrusted reports whether server i may still hold values that are out of date.
func (e *Engine) Distrusted(i int) bool { return e.unclean[i] }

// Past is what an earlier process, or an earlier engine, has recorded of a server.
type Past struct {
	Keys       []string // that are dirty
	All        bool     // all are
	Flushed    bool     // and a flush_all may have been sent whose end nobody has heard
	Incomplete bool     // it lacks keys that the other copies have
}

// Past returns what is recorded of server i.
func (e *Engine) Past(i int) (past Past) {
	d := &e.dirty[i]
	d.Each(func(key string, _ uint64) { past.Keys = append(past.Keys, key) })
	past.All, past.Flushed, past.Incomplete = d.All(), e.unheard[i], e.incomplete[i]
	return past
}

// Recall gives the engine what was recorded of server i, which must not be Usable yet.
func (e *Engine) Recall(i int, past Past) {
	for _, key := range past.Keys {
		e.noteDirty(i, []byte(key), true)
	}
	if past.All {
		e.unheard[i] = e.unheard[i] || past.Flushed
		e.noteAll(i, e.unheard[i])
	}
	if past.Incomplete {
		e.Emptied(i)
	}
}
