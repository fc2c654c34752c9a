package repair

import (
	"magent/ascii"
	"magent/backend"
)

// done notes that a copy or a deletion of h has ended, and continues the resync. h may be nil.
func (e *Engine) done(h *resync) {
	if h == nil {
		return
	}
	if h.busy--; h.busy < 0 {
		e.Broken("a resync has ended a copy that it did not begin", nil)
		h.busy = 0
	}
	e.goOn(h)
}

// goOn starts copies as long as there is room, and ends the resync if nothing is left to do.
func (e *Engine) goOn(h *resync) {
	for e.resyncs[h.server] == h && h.room() && !e.sourceBehind(h) {
		if !e.copyNext(h) {
			break
		}
	}
	if e.resyncs[h.server] != h || h.busy > 0 || len(h.queue) > 0 || h.wait != nil {
		return
	}
	d := &e.dirty[h.server]
	switch {
	case h.stage == listing || h.stage == filling:
	case d.All() && e.unclean[h.server]: // the server is being flushed instead of being cleansed
	case h.stage == missed && e.incomplete[h.server] && e.CanFill(h.server):
		e.enter(h, listing)
		e.opt.Host.Warming(h.server)
	case d.All(): // the server is being flushed, or refuses it
	case e.unclean[h.server]: // nobody could tell which keys are out of date, so all of them have to go
		if h.isFilling() {
			e.abandon(h) // it begins again when the server is flushed
		}
		e.eraseAll(h.server)
	default:
		if h.isFilling() {
			e.enter(h, missed)
			e.incomplete[h.server] = false
			e.recordClean(h.server)
		}
		e.resyncs[h.server] = nil
		e.opt.Host.Resynced(h.server)
	}
}

// room reports whether one more copy may be started.
func (h *resync) room() bool {
	return h.busy < min(h.window, maxCopies) && h.busy*h.size < maxCopyBytes
}

// copyNext begins to copy or fill the next key, and reports whether there was one.
func (e *Engine) copyNext(h *resync) bool {
	switch n := len(h.queue) - 1; {
	case n >= 0:
		key := h.queue[n]
		h.queue = h.queue[:n]
		e.copyKey(h, key)
	case h.isFilling():
		return e.fillNext(h)
	default:
		return false
	}
	return true
}

// add adds a dirty key to the queue. It returns false if too many keys came late: when everything else is done, new
// dirty keys must not keep the resync from ending.
func (h *resync) add(key []byte) bool {
	if len(h.queue) == 0 && (h.stage == missed || h.stage == last) {
		if h.late++; h.late > maxLate {
			return false
		}
	}
	h.queue = append(h.queue, string(key))
	return true
}

// copyKey begins to copy a dirty key, or deletes it if it cannot be copied.
func (e *Engine) copyKey(h *resync, key string) {
	seq := e.dirty[h.server].SeqOf([]byte(key))
	if seq == 0 || e.dirty[h.server].All() {
		return // it was repaired in the meantime, or the server is being flushed
	}
	if e.startCopy(&copying{e: e, h: h, server: h.server, key: key, seq: seq}) {
		h.busy++
	}
}

// startCopy begins x, or merges it with the copying of that key that is under way. If the key cannot be copied, it is
// deleted. The result is whether x.h now waits for one more copying.
func (e *Engine) startCopy(x *copying) bool {
	if y := e.copies[x.key]; y != nil && y.server == x.server {
		y.overtaken, y.again, y.fill, y.seq = true, true, false, x.seq
		return e.takeOver(y, x)
	}
	e.giveWay(x)
	if !e.canCopy(x) || !x.read() {
		e.eraseFor(x.h, x.server, []byte(x.key), x.seq)
		e.deletedWithout(x)
		return false
	}
	e.started(x)
	return true
}

// giveWay ends the copying that goes to the server from which x is to be read, if there is one. It goes on if what
// that server has is wrong.
func (e *Engine) giveWay(x *copying) {
	y := e.copies[x.key]
	switch {
	case y == nil || y.server == x.server:
	case y.fill: // nobody reads that server yet
		y.stop()
	case !e.dirty[y.server].Exposed([]byte(x.key)): // a client has stored the key there
		y.stop()
		e.erase(y.server, []byte(y.key), y.seq)
	}
}

// stop ends x before it is done.
func (x *copying) stop() {
	x.phase = over
	x.end()
}

// end removes x from Engine.copies, and tells its resync.
func (x *copying) end() {
	delete(x.e.copies, x.key)
	x.e.Underway.Done(x.noted)
	x.noted = 0
	x.e.done(x.h)
}

// OnReply takes an answer. If it is lost, so are the answers before it, and those keys are dirty by now.
func (w *barrier) OnReply(_ uint16, _ *backend.Conn, _ *ascii.Reply) {
	if w.left--; w.left > 0 || w.h.wait != w {
		return
	}
	w.h.wait = nil
	if w.e.Retired {
		return
	}
	w.e.goOn(w.h)
	w.e.goOnWithout(w.h.server)
}

// goOnWithout continues the resyncs of the servers that copy from server i, whose barrier has gone. If the server has
// gone before, they have waited for this, too: every barrier is answered.
func (e *Engine) goOnWithout(i int) {
	for j, h := range e.resyncs {
		if h != nil && e.CopiesOf(j, i) {
			e.goOn(h)
		}
	}
}
