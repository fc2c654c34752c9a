package repair

import (
	"magent/ascii"
	"magent/backend"
)

// OnReply handles the reply to the read, and later the reply to the write.
func (x *copying) OnReply(_ uint16, _ *backend.Conn, r *ascii.Reply) {
	if x.phase == writing && x.flushed() {
		x.fill = false // the value that was written may be older than the flush_all, and must not stay then
	}
	s := situation{
		phase: x.phase, fill: x.fill, single: x.h == nil, again: x.again, overtaken: x.overtaken,
		flushed: x.flushed(), usable: x.e.Health.Usable(x.server), reply: r.Kind,
	}
	for what := next(s); !x.take(what, r); what = next(s) {
		s.tried[what] = true
	}
	x.tell()
	x.e.Supply(x.from)
}

// take carries out a step upon the reply r, and reports whether that was possible.
func (x *copying) take(what step, r *ascii.Reply) bool {
	switch what {
	case putOff:
		return x.later()
	case readAgain:
		return x.read()
	case write:
		return x.write(r.Raw)
	case retry:
		x.end()
		x.retry()
	case filled:
		if r.Kind == ascii.MetaHD {
			x.e.tallies[x.server].Refills++
		}
		x.end()
	case cleaned:
		x.e.cleaned(x.server, []byte(x.key), x.seq)
		x.end()
	case giveUp:
		x.giveUp()
	}
	return true
}

// retry repairs a dirty key once more. A key that was only to be filled becomes dirty: a flush_all came between the
// read and the write.
func (x *copying) retry() {
	if x.seq == 0 {
		x.e.MarkMissed(x.server, []byte(x.key))
	} else {
		x.e.retry(x.server, []byte(x.key))
	}
}

// later postpones a key that one of the servers did not return or accept in time. A resync copies other keys first; a
// single key is read again at once. The result is whether that is possible: both servers must still be used.
func (x *copying) later() bool {
	h := x.h
	switch {
	case !x.e.Health.Usable(x.from):
		return false
	case h == nil:
		return x.e.Health.Usable(x.server) && x.read()
	case x.e.resyncs[h.server] != h:
		return false
	}
	h.window = max(1, h.window/2)
	if x.fill {
		h.fills = append(h.fills, x.key)
	} else {
		h.queue = append(h.queue, x.key)
	}
	x.end()
	return true
}

// giveUp ends x and deletes the key, unless it is only to be filled. If a single key of a backup cannot be filled
// because the backup has gone down, the key becomes dirty and is copied when the backup returns.
func (x *copying) giveUp() {
	usable := x.e.Health.Usable(x.server)
	if !x.fill && usable {
		x.e.erase(x.server, []byte(x.key), x.seq)
		x.e.deletedWithout(x)
	}
	x.end()
	if x.fill && x.h == nil && !usable && x.e.Health.Usable(x.from) {
		x.e.MarkMissed(x.server, []byte(x.key))
	}
}
