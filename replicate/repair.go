package replicate

import (
	"unsafe"

	"magent/ascii"
	"magent/backend"
	"magent/failover"
)

// A key is dirty on a server that missed a mutation of it, or may have, or disagreed about one. On a backup
// that is up it is deleted at once, and then copied from the primary; to a primary it is copied from the backup; where the server is away, it is copied when
// it is back (homecoming). All that is asked of a server goes over one connection, in
// order; so every read that comes later finds the key deleted, or what was stored after that.

// forget marks a key, which is borrowed for the call, as dirty on server i, and has it repaired: it has missed a mutation,
// or may have. No server: i < 0.
func (e *Engine) forget(i int, key []byte) { e.soil(i, key, true) }

// disagree does the same with a key that server i has another result of than the copy whose word counts.
func (e *Engine) disagree(i int, key []byte) {
	e.opt.Count.Disagreements++
	e.soil(i, key, false)
}

func (e *Engine) soil(i int, key []byte, lost bool) {
	if i < 0 || e.opt.Backups == nil {
		return // a pool without backups has one copy, which cannot fall behind another
	}
	mark := e.noteDirty(i, key, lost)
	h := e.returns[i]
	switch {
	case !e.opt.Health.Usable(i):
	case e.dirty[i].All():
		e.empty(i)
	case h != nil && h.add(key):
		e.goOn(h)
	case h == nil && i < e.primaries:
		e.mend(i, key, mark)
	default:
		e.erase(i, key, mark)
		if h == nil {
			e.refresh(i, key)
		}
	}
}

// cleanAlone deletes the key of a mutation on the only copy that can be asked, if it is dirty there: what it holds is not to
// be built upon.
func (e *Engine) cleanAlone(c *Call) {
	if c.b < 0 {
		return
	}
	alone := c.p
	switch p, b := e.opt.Health.Usable(c.p), e.opt.Health.Usable(c.b); {
	case p == b:
		return
	case b:
		alone = c.b
	}
	if d := &e.dirty[alone]; !d.Empty() && !d.All() && d.Has(c.key) {
		e.erase(alone, c.key, d.Mark(c.key))
	}
}

// forgetAll marks everything as dirty on server i: it missed a flush_all.
func (e *Engine) forgetAll(i int) {
	if e.opt.Health.Usable(i) {
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

// cleaned notes that a key was repaired on server i after the mark.
func (e *Engine) cleaned(i int, key []byte, mark uint64) {
	if e.dirty[i].Clean(key, mark) {
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
	h      *homecoming // that waits for it; nil: none
	key    []byte
	all    bool
	mark   uint64
}

func (e *Engine) newErasure(i int, mark uint64) *erasure {
	x := e.erasures.Get()
	if x == nil {
		x = &erasure{e: e}
	}
	x.server, x.mark, x.all, x.key, x.h = i, mark, false, x.key[:0], nil
	return x
}

func (e *Engine) erase(i int, key []byte, mark uint64) { e.eraseFor(nil, i, key, mark) }

// eraseFor deletes a key on server i. h waits for it, as for a copy.
func (e *Engine) eraseFor(h *homecoming, i int, key []byte, mark uint64) {
	if !ascii.TextKey(key) && e.opt.Conns[i].Lacks(ascii.ShapeMeta) {
		e.cleaned(i, key, mark) // no server without base64 can have it
		return
	}
	x := e.newErasure(i, mark)
	x.h = h
	x.key = append(x.key, key...)
	line, shape := appendForget(e.line[:0], key)
	e.line = line
	x.send(line, shape)
}

// eraseAll flushes server i, once more if that is under way: what made it dirty may come behind it.
func (e *Engine) eraseAll(i int) {
	x := e.newErasure(i, e.noteAll(i))
	x.all = true
	x.send(flushLine, ascii.ShapeLine)
}

// flushedAll notes that server i was flushed after the mark.
func (e *Engine) flushedAll(i int, mark uint64) {
	if !e.dirty[i].CleanAll(mark) {
		return
	}
	e.unclean[i] = false
	e.recordClean(i)
	if e.opt.Loops > 1 { // what other loops have stored there meanwhile is gone, too
		e.Emptied(i)
		e.opt.Host.Flushed(i)
	}
	switch h := e.returns[i]; {
	case h != nil:
		e.goOn(h)
	default:
		e.opt.Host.MadeGood(i)
	}
}

// notFlushed notes that server i was not flushed, or perhaps not: it is asked again, unless it refuses. Until it is flushed it
// is not read, if it is not read now.
func (e *Engine) notFlushed(i int, r *ascii.Reply) {
	switch {
	case failed(r.Kind):
		e.opt.Host.Unflushable(i, string(r.Raw))
	case e.opt.Health.Usable(i):
		e.eraseAll(i)
	}
}

var flushLine = []byte("flush_all\r\n")

// send asks the server. When that cannot be asked, or does not answer, the mark stays.
func (x *erasure) send(line []byte, shape ascii.Shape) {
	if !x.e.opt.Conns[x.server].Send(line, nil, shape, x, 0) {
		x.free()
		return
	}
	if x.h != nil {
		x.h.busy++
	}
}

// OnReply takes the mark off.
func (x *erasure) OnReply(_ uint16, _ *backend.Conn, r *ascii.Reply) {
	e, h := x.e, x.h
	switch {
	case x.all && (r.Kind == ascii.Lost || failed(r.Kind)):
		e.notFlushed(x.server, r)
	case r.Kind == ascii.Lost || failed(r.Kind):
	case x.all:
		e.flushedAll(x.server, x.mark)
	default:
		e.cleaned(x.server, x.key, x.mark)
	}
	x.free()
	if h != nil {
		h.busy--
		h.window = min(h.window+1, maxCopies)
		e.goOn(h)
	}
}

func (x *erasure) free() {
	if !x.e.retired {
		x.e.erasures.Put(x, int(unsafe.Sizeof(*x))+cap(x.key))
	}
}
