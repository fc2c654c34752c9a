package repair

// Distrust notes that server i may hold values that are out of date, because keys have moved to it or because it is
// another server. It must not be Usable yet. Before it is read, all those keys must be passed to Cleanse, or the
// server is flushed.
func (e *Engine) Distrust(i int) {
	if e.Backups == nil {
		return
	}
	e.record(i, Recorder.All) // after a crash nobody would know which keys these are
	e.unclean[i] = true
	e.Emptied(i)
}

// Spare has server i cleansed on its return instead of flushed, if all its keys are dirty and other groups have keys
// there. It must not be Usable yet. It reports whether that is so. The others are told, because a flush_all may have
// been sent that nobody has heard the end of: by this engine, or by one before it.
func (e *Engine) Spare(i int) bool {
	d := &e.dirty[i]
	if !e.opt.Shared || i < e.NumPrimaries || !d.All() {
		return false
	}
	e.FlushedShared(i)
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
