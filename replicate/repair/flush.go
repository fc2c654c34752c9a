package repair

import (
	"strconv"

	"magent/ascii"
)

// NoteDelay remembers when a flush_all takes effect: a server that is restarted before then has forgotten it.
// memcached knows the last one only: each takes the place of the one before.
func (e *Engine) NoteDelay(delay int64) {
	e.flushDue = 0
	if delay > 0 && e.Backups != nil {
		if e.flushDue = delay; delay <= month {
			e.flushDue += e.opt.UnixTime()
		}
	}
}

// repeatDelayed asks a server that is back for the flush_all that is still to take effect.
func (e *Engine) repeatDelayed(i int) {
	if left := e.flushDue - e.opt.UnixTime(); left > 0 {
		e.line = append(strconv.AppendInt(append(e.line[:0], "flush_all "...), left, 10), "\r\n"...)
		e.newErasure(i, 0).send(e.line, ascii.ShapeLine)
	}
}

// Another loop's flush_all goes over connections of its own, so a mutation of this loop may come before it on one
// copy and behind it on the other. All that is under way while it lasts is therefore deleted on the backup in the
// end.

// FlushBegins tells the engine, before the first server is asked, that another loop flushes.
func (e *Engine) FlushBegins() {
	e.flushDue = 0 // the other loop's takes its place
	e.flushes++
	e.flushing++
	e.OvertakenAll()
}

// FlushEnded tells the engine that all servers have replied to the flush_all, but for those that missed it.
func (e *Engine) FlushEnded(missed []int) {
	e.flushing--
	e.flushes++ // for what was begun while it lasted
	for _, i := range missed {
		e.MarkAllMissed(i)
	}
}

// FlushEpoch is what Flushes has to be when a mutation that begins now ends, if no flush_all of another loop met it.
func (e *Engine) FlushEpoch() uint64 {
	if e.flushing > 0 {
		return e.flushes - 1
	}
	return e.flushes
}

// Flushes counts the flush_alls of other loops: each when it begins, and when it ends.
func (e *Engine) Flushes() uint64 { return e.flushes }
