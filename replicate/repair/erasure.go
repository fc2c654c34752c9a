package repair

import (
	"unsafe"

	"magent/ascii"
)

var flushLine = []byte("flush_all\r\n")

func (e *Engine) newErasure(i int, seq uint64) *erasure {
	x := e.erasures.Take()
	x.e = e
	x.server, x.seq, x.all, x.only, x.key, x.h, x.noted = i, seq, false, false, x.key[:0], nil, 0
	return x
}

func (e *Engine) erase(i int, key []byte, seq uint64) { e.eraseFor(nil, i, key, seq) }

// eraseFor deletes a key on server i that became dirty with seq. The resync h, if any, waits for the reply.
//
// What a client has stored there since must not be deleted: perhaps this server alone has it. If a deletion or a
// mutation has been sent already that the wrong value does not survive, the server is only asked behind it.
func (e *Engine) eraseFor(h *resync, i int, key []byte, seq uint64) {
	if !ascii.TextKey(key) && e.Conns[i].Lacks(ascii.ShapeMeta) {
		e.cleaned(i, key, seq) // a server that does not know base64 cannot have this key
		return
	}
	x := e.newErasure(i, seq)
	x.h = h
	x.key = append(x.key, key...)
	x.noted = e.note(h == nil, i, key)
	if x.only = seq > 0 && seq == e.dirty[i].SeqOf(key) && !e.dirty[i].Exposed(key); x.only {
		x.send(versionLine, ascii.ShapeLine)
		return
	}
	line, shape := AppendDelete(e.line[:0], key)
	e.line = line
	e.dirty[i].Deleting(key)
	x.send(line, shape)
}

// eraseAll marks all keys of server i as dirty, and flushes it. It does so even while a flush is under way, because
// the cause may be newer than that.
func (e *Engine) eraseAll(i int) {
	x := e.newErasure(i, e.noteAll(i, true))
	x.all = true
	e.dirty[i].ReplacingAll(true)
	x.send(flushLine, ascii.ShapeLine)
	e.dropCopies(i)
}

// dropCopies ends what is being copied to server i, which is being flushed. What was written is lost, and what would
// still be written may come too late for a list of keys: everything is filled anew (Emptied).
func (e *Engine) dropCopies(i int) {
	for key, x := range e.copies {
		if x.server != i {
			continue
		}
		x.phase = over
		delete(e.copies, key)
		e.Underway.Done(x.noted)
		x.noted = 0
		if x.h != nil && e.resyncs[i] == x.h {
			x.h.busy--
		}
	}
}

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

// undone notes that x is not under way any more, and that nobody knows whether the server carried it out.
func (x *erasure) undone() {
	if x.only {
		return
	}
	if d := &x.e.dirty[x.server]; x.all {
		d.ReplacingAll(false)
	} else {
		d.Replacing(x.key, false)
	}
}

func (x *erasure) free() {
	x.e.Underway.Done(x.noted)
	x.noted = 0
	if !x.e.Retired {
		x.e.erasures.Put(x, int(unsafe.Sizeof(*x))+cap(x.key))
	}
}
