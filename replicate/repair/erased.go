package repair

import (
	"magent/ascii"
	"magent/backend"
)

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
	case x.only && e.dirty[x.server].Exposed(x.key):
		e.retry(x.server, x.key) // what was sent before was refused
	case r.Kind.Refused() && !x.only:
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

// flushedAll notes that server i was flushed, after all its keys had become dirty with seq.
func (e *Engine) flushedAll(i int, seq uint64) {
	if !e.dirty[i].CleanAll(seq) {
		return
	}
	e.unclean[i], e.unheard[i] = false, false
	e.FlushedShared(i)
	e.recordClean(i)
	if e.opt.Loops > 1 { // the keys of other loops are gone as well
		e.Emptied(i)
		e.opt.Host.Flushed(i)
	}
	switch h := e.resyncs[i]; {
	case h != nil:
		e.goOn(h)
	default:
		e.opt.Host.Resynced(i)
	}
}

// notFlushed handles a flush_all that server i refused or did not answer. If it did not answer, it is asked again, and
// filled from the beginning: the second flush_all comes behind what was sent meanwhile. A server that is not readable
// stays so until it is flushed.
func (e *Engine) notFlushed(i int, r *ascii.Reply) {
	switch {
	case r.Kind.Refused():
		e.opt.Host.Unflushable(i, string(r.Raw))
	case e.Health.Usable(i):
		e.empty(i)
	default:
		e.unheard[i] = true
	}
}
