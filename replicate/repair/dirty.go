package repair

import (
	"unsafe"

	"magent/ascii"
	"magent/backend"
	"magent/failover"
	"magent/internal/fault"
)

// A key is dirty on a server that missed a mutation of it, or may have, or disagreed about one. On a backup that is
// up it is deleted at once, and then copied from the primary. To a primary it is copied from the backup. Where the
// server is away, it is copied when it is back (resync). All that is asked of a server goes over one connection, in
// order; so every read that comes later finds the key deleted, or what was stored after that.

// MarkMissed marks a key, which is borrowed for the call, as dirty on server i, and has it repaired: it has missed
// a mutation, or may have. No server: i < 0.
func (e *Engine) MarkMissed(i int, key []byte) { e.markDirty(i, key, true) }

// MarkDiverged does the same with a key that server i has another result of than the copy whose word counts.
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

// Discard has a key deleted on server i that it has another value of than the copy whose word counts, and that must
// not be read there to be copied.
func (e *Engine) Discard(i int, key []byte) {
	if seq := e.noteDirty(i, key, true); e.Health.Usable(i) && !e.dirty[i].All() {
		e.erase(i, key, seq)
	} else {
		e.repair(i, key, seq)
	}
}

// retry has a key made good once more on server i, which was asked to take or to delete it and has not answered in
// time.
func (e *Engine) retry(i int, key []byte) {
	if d := &e.dirty[i]; !d.All() && d.Has(key) {
		e.repair(i, key, d.SeqOf(key))
	}
}

// repair has a key made good that is dirty on server i, since seq; when that is away, on its return.
func (e *Engine) repair(i int, key []byte, seq uint64) {
	h := e.resyncs[i]
	switch {
	case !e.Health.Usable(i):
	case e.dirty[i].All():
		e.empty(i)
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

// Hide deletes a key on server i where a wrong value may be found, so that whatever is asked there afterwards does
// not. The key stays dirty: what the deletion takes away is to be copied.
//
// On a server that is yet to be cleansed, or flushed, any key may have a wrong value. It must not be touched there
// either: memcached 1.6.25 and later keeps an item over flush_all that was used in the same second (item_flush_expired).
func (e *Engine) Hide(i int, key []byte) {
	if d := &e.dirty[i]; (e.unclean[i] || !d.Empty() && d.Exposed(key)) && e.Health.Usable(i) && !fault.Hide {
		e.erase(i, key, 0)
		if x := e.copies[string(key)]; x != nil && x.server == i {
			x.overtaken, x.again = true, true // a copy that is on its way is deleted by this, too
		}
	}
}

// MarkAllMissed marks everything as dirty on server i: it missed a flush_all.
func (e *Engine) MarkAllMissed(i int) {
	if e.Health.Usable(i) {
		e.eraseAll(i)
	} else {
		e.noteAll(i)
	}
}

// empty flushes server i, of which everything is dirty; so it lacks what the other copies have.
func (e *Engine) empty(i int) {
	e.eraseAll(i)
	e.Emptied(i)
}

// cleaned notes that a key was repaired on server i, after it had become dirty with seq.
func (e *Engine) cleaned(i int, key []byte, seq uint64) {
	if e.dirty[i].Clean(key, seq) {
		e.tallies[i].Repairs++
		e.recordClean(i)
	}
}

// Dirty is what server i has missed.
func (e *Engine) Dirty(i int) *failover.Dirty { return &e.dirty[i] }

// erasure is the deletion of a dirty key, or of everything (flush_all), on its way.
type erasure struct {
	e      *Engine
	server int
	h      *resync // that waits for it; nil: none
	key    []byte
	all    bool
	seq    uint64
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

// eraseFor deletes a key on server i. h waits for it, as for a copy.
func (e *Engine) eraseFor(h *resync, i int, key []byte, seq uint64) {
	if !ascii.TextKey(key) && e.Conns[i].Lacks(ascii.ShapeMeta) {
		e.cleaned(i, key, seq) // no server without base64 can have it
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

// eraseAll flushes server i, once more if that is under way: what made it dirty may come behind it.
func (e *Engine) eraseAll(i int) {
	x := e.newErasure(i, e.noteAll(i))
	x.all = true
	e.dirty[i].DeletingAll(true)
	x.send(flushLine, ascii.ShapeLine)
	e.repeatDelayed(i) // which this has undone
}

// flushedAll notes that server i was flushed, after everything had become dirty with seq.
func (e *Engine) flushedAll(i int, seq uint64) {
	if !e.dirty[i].CleanAll(seq) {
		return
	}
	e.unclean[i] = false
	e.recordClean(i)
	if e.opt.Loops > 1 { // what other loops have stored there meanwhile is gone, too
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

// notFlushed notes that server i was not flushed, or perhaps not: it is asked again, unless it refuses. Until it is
// flushed it is not read, if it is not read now.
func (e *Engine) notFlushed(i int, r *ascii.Reply) {
	switch {
	case r.Kind.Refused():
		e.opt.Host.Unflushable(i, string(r.Raw))
	case e.Health.Usable(i):
		e.eraseAll(i)
	}
}

var flushLine = []byte("flush_all\r\n")

// send asks the server. When that cannot be asked, or does not answer, the key stays dirty.
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

// OnReply has the key, or everything, count as clean.
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

// undone notes that nobody knows whether it was carried out.
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
