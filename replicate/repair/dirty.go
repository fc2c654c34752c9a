package repair

import (
	"unsafe"

	"magent/ascii"
	"magent/backend"
	"magent/failover"
	"magent/internal/fault"
)

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
}

func (e *Engine) markDirty(i int, key []byte, lost bool) {
	if fault.Missed && lost && i >= 0 && e.Health.Usable(i) {
		return
	}
	if i < 0 || e.Backups == nil {
		return // a pool without backups has one copy, which cannot fall behind another
	}
	e.repair(i, key, e.noteDirty(i, key, lost))
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

// MarkAllMissed marks all keys as dirty on server i, because it missed a flush_all. A usable server is flushed at
// once.
func (e *Engine) MarkAllMissed(i int) {
	if e.Health.Usable(i) {
		e.eraseAll(i)
	} else {
		e.noteAll(i)
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

// cleaned notes that a key was repaired on server i. It had become dirty with seq; if it has become dirty again since,
// it stays so.
func (e *Engine) cleaned(i int, key []byte, seq uint64) {
	if e.dirty[i].Clean(key, seq) {
		e.tallies[i].Repairs++
		e.recordClean(i)
	}
}

// Dirty returns what is dirty on server i. It is valid as long as the engine.
func (e *Engine) Dirty(i int) *failover.Dirty { return &e.dirty[i] }

// erasure is the deletion of a dirty key, or a flush_all, that a server has not answered yet.
type erasure struct {
	e      *Engine
	server int
	h      *resync // the resync that waits for it; nil: none
	key    []byte
	all    bool   // it is a flush_all
	seq    uint64 // the sequence number with which the key, or everything, became dirty; 0: it stays dirty
}

func (e *Engine) newErasure(i int, seq uint64) *erasure {
	x := e.erasures.Get()
	if x == nil {
		x = &erasure{e: e}
	}
	x.server, x.seq, x.all, x.key, x.h = i, seq, false, x.key[:0], nil
	return x
}

func (e *Engine) erase(i int, key []byte, seq uint64) { e.eraseFor(nil, i, key, seq) }

// eraseFor deletes a key on server i that became dirty with seq. The resync h, if any, waits for the reply.
func (e *Engine) eraseFor(h *resync, i int, key []byte, seq uint64) {
	if !ascii.TextKey(key) && e.Conns[i].Lacks(ascii.ShapeMeta) {
		e.cleaned(i, key, seq) // a server that does not know base64 cannot have this key
		return
	}
	x := e.newErasure(i, seq)
	x.h = h
	x.key = append(x.key, key...)
	line, shape := AppendDelete(e.line[:0], key)
	e.line = line
	e.dirty[i].Deleting(key, true)
	x.send(line, shape)
}

// eraseAll marks all keys of server i as dirty, and flushes it. It does so even while a flush is under way, because
// the cause may be newer than that.
func (e *Engine) eraseAll(i int) {
	x := e.newErasure(i, e.noteAll(i))
	x.all = true
	e.dirty[i].DeletingAll(true)
	x.send(flushLine, ascii.ShapeLine)
	e.repeatDelayed(i) // this flush_all has cancelled it
}

// flushedAll notes that server i was flushed, after all its keys had become dirty with seq.
func (e *Engine) flushedAll(i int, seq uint64) {
	if !e.dirty[i].CleanAll(seq) {
		return
	}
	e.unclean[i] = false
	e.recordClean(i)
	if e.opt.Loops > 1 { // the keys of other loops are gone as well
		e.Emptied(i)
		e.opt.Host.Flushed(i)
	}
	switch h := e.resyncs[i]; {
	case h != nil:
		e.goOn(h)
	default:
		e.opt.Host.MadeGood(i)
	}
}

// notFlushed handles a flush_all that server i refused or did not answer. If it did not answer, it is asked again. A
// server that is not readable stays so until it is flushed.
func (e *Engine) notFlushed(i int, r *ascii.Reply) {
	switch {
	case r.Kind.Refused():
		e.opt.Host.Unflushable(i, string(r.Raw))
	case e.Health.Usable(i):
		e.eraseAll(i)
	}
}

var flushLine = []byte("flush_all\r\n")

// send sends the command to the server. The key stays dirty if the server cannot be asked or does not answer.
func (x *erasure) send(line []byte, shape ascii.Shape) {
	if !x.e.Conns[x.server].Send(line, nil, shape, x, 0) {
		x.undone()
		x.free()
		return
	}
	if x.h != nil {
		x.h.busy++
	}
}

// OnReply handles the reply: on success the key, or the whole server, is clean.
func (x *erasure) OnReply(_ uint16, _ *backend.Conn, r *ascii.Reply) {
	e, h := x.e, x.h
	switch {
	case x.all && (r.Kind == ascii.Lost || r.Kind.Refused()):
		x.undone()
		e.notFlushed(x.server, r)
	case r.Kind == ascii.Lost:
		x.undone()
		if x.seq > 0 {
			e.retry(x.server, x.key)
		}
	case r.Kind.Refused():
		x.undone()
	case x.all:
		e.flushedAll(x.server, x.seq)
	default:
		e.cleaned(x.server, x.key, x.seq)
	}
	x.free()
	if h != nil {
		h.window = min(h.window+1, maxCopies)
		e.done(h)
	}
}

// undone notes that x is not under way any more, and that nobody knows whether the server carried it out.
func (x *erasure) undone() {
	if d := &x.e.dirty[x.server]; x.all {
		d.DeletingAll(false)
	} else {
		d.Deleting(x.key, false)
	}
}

func (x *erasure) free() {
	if !x.e.Retired {
		x.e.erasures.Put(x, int(unsafe.Sizeof(*x))+cap(x.key))
	}
}
