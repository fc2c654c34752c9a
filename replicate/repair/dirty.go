package repair

import "magent/internal/fault"

// A key is dirty on a server that missed a mutation of it, may have missed one, or came to another result than the
// lead. How it is repaired depends on the server:
//
//   - On a backup that is up the key is deleted at once, and then copied from the primary.
//   - To a primary that is up it is copied from the backup.
//   - To a server that is down it is copied when the server is back (resync).
//
// Everything that is sent to a server goes over one connection, in order. So every later read finds the key deleted,
// or a value that was stored after that.

// MarkMissed marks a key as dirty on server i because the server missed a mutation, or may have missed it. The key is
// then repaired. It is borrowed for the call. i < 0 stands for no server.
func (e *Engine) MarkMissed(i int, key []byte) { e.markDirty(i, key, true) }

// MarkDiverged does the same if server i came to another result than the copy that leads the key.
func (e *Engine) MarkDiverged(i int, key []byte) {
	e.Count.Disagreements++
	e.markDirty(i, key, false)
	if x := e.copies[string(key)]; x != nil && x.server == i && x.h == nil && !x.told && e.watch != nil {
		x.told = true
		e.watch(i, x.key, true)
	}
}

func (e *Engine) markDirty(i int, key []byte, lost bool) {
	if fault.Missed && lost && i >= 0 && e.Health.Usable(i) {
		return
	}
	if i < 0 || e.Backups == nil {
		return // a pool without backups has one copy, which cannot fall behind another
	}
	seq := e.noteDirty(i, key, lost)
	e.takeBack(i, key)
	e.repair(i, key, seq)
}

// takeBack deletes what is being written to a server that lacked the key, because it was read from server i, where the
// key has just become dirty: nobody knows whether it is what clients were told.
func (e *Engine) takeBack(i int, key []byte) {
	if y := e.copies[string(key)]; y != nil && y.fill && y.from == i && y.phase == writing {
		y.stop()
		e.Discard(y.server, key)
	}
}

// Discard marks a key as dirty on server i and deletes it there, without copying it from the lead: that copy must not
// be read.
func (e *Engine) Discard(i int, key []byte) {
	if seq := e.noteDirty(i, key, true); e.Health.Usable(i) && !e.dirty[i].All() {
		e.erase(i, key, seq)
	} else {
		e.repair(i, key, seq)
	}
}

// Settled notes that the value of key on server i is right by now: a client was told so, or will be. A mutation has
// replaced it, or built on nothing because it was deleted first (Hide). sent is what Dirty.Seq was when it was sent.
// The value does not outlive a deletion that was sent later.
func (e *Engine) Settled(i int, key []byte, sent uint64) {
	d := &e.dirty[i]
	if d.Empty() || d.All() || fault.Replaced {
		return
	}
	seq := d.SettledBy(key, sent)
	if seq == 0 {
		return
	}
	if x := e.copies[string(key)]; x != nil && x.server == i {
		x.stop()
	}
	e.cleaned(i, key, seq)
}

// NotReplaced notes that server i may not have carried out a mutation that was to replace the value of key. refused
// says that it answered so.
func (e *Engine) NotReplaced(i int, key []byte, refused bool) {
	d := &e.dirty[i]
	if d.Empty() || !d.Has(key) {
		return
	}
	d.Replacing(key, false)
	if refused && !d.All() {
		e.Overtaken(key) // what is read there may be the wrong value
		e.Discard(i, key)
	}
}

// retry repairs a key on server i once more, because nobody knows whether the last attempt succeeded.
func (e *Engine) retry(i int, key []byte) {
	if d := &e.dirty[i]; !d.All() && d.Has(key) {
		e.repair(i, key, d.SeqOf(key))
	}
}

// repair begins to repair a key that became dirty on server i with seq. If the server is down, it waits for its
// return.
func (e *Engine) repair(i int, key []byte, seq uint64) {
	h := e.resyncs[i]
	switch {
	case !e.Health.Usable(i):
	case e.dirty[i].All():
		e.opt.Host.Overflowed(i)
	case h != nil && h.add(key):
		e.goOn(h)
	case h == nil && i < e.NumPrimaries:
		e.repairPrimary(i, key, seq)
	default:
		e.erase(i, key, seq)
		if h == nil {
			e.repairBackup(i, key)
		}
	}
}

// Hide deletes a key on server i if its value there may be wrong, so that later requests do not find it. The key stays
// dirty, because the right value has still to be copied.
//
// On a server that is not yet cleansed or flushed, any key may have a wrong value. Such a key must not be used either:
// memcached 1.6.25 and later keeps an item over flush_all if it was used in the same second (item_flush_expired).
func (e *Engine) Hide(i int, key []byte) {
	if d := &e.dirty[i]; (e.unclean[i] || !d.Empty() && d.Exposed(key)) && e.Health.Usable(i) && !fault.Hide {
		e.erase(i, key, 0)
		if x := e.copies[string(key)]; x != nil && x.server == i {
			x.overtaken, x.again = true, true // this also deletes what a copying has just written
		}
	}
}

// MarkAllMissed marks all keys as dirty on server i, because it missed a flush_all. sent says that this was sent, and
// may have been carried out. A usable server is flushed at once, and filled: it also loses what was stored since the
// flush_all that it missed.
func (e *Engine) MarkAllMissed(i int, sent bool) {
	e.unheard[i] = e.unheard[i] || sent
	if e.Health.Usable(i) {
		e.empty(i)
	} else {
		e.noteAll(i, e.unheard[i])
	}
}

// Overflow flushes server i if all its keys are dirty. But if the server may wait, and the other copies can be read,
// it returns true: the caller must take the server out of use, and it is flushed on its return.
//
// memcached 1.6.25 and later may keep an item over flush_all that was used in the same second (item_flush_expired). So
// a server had better not be used for a while before it is flushed.
func (e *Engine) Overflow(i int, mayWait bool) (wait bool) {
	if e.Retired || !e.dirty[i].All() || !e.Health.Usable(i) {
		return false
	}
	if mayWait && e.CanFill(i) {
		return true
	}
	e.empty(i)
	return false
}

// empty flushes server i because all its keys are dirty. Afterwards it lacks what the other copies have.
func (e *Engine) empty(i int) {
	e.eraseAll(i)
	e.Emptied(i)
}

// repairPrimary copies a dirty key from the backup to its primary i, which is up. Until then the backup leads the key.
func (e *Engine) repairPrimary(i int, key []byte, seq uint64) {
	e.startCopy(&copying{e: e, server: i, key: string(key), seq: seq})
}

// maxBackupRepairs bounds the keys that are being copied when repairBackup adds one. Beyond it the key is only
// deleted.
const maxBackupRepairs = 1000

// repairBackup copies a key to its backup i, which is up and has just been asked to delete it.
func (e *Engine) repairBackup(i int, key []byte) {
	x := &copying{e: e, server: i, key: string(key), fill: true}
	e.giveWay(x)
	if y := e.copies[x.key]; y != nil {
		y.again = true // the deletion comes after what y has written
		return
	}
	if len(e.copies) < maxBackupRepairs && e.canCopy(x) && x.read() {
		e.started(x)
	} else {
		e.deletedWithout(x)
	}
}
