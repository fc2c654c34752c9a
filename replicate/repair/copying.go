package repair

import (
	"bytes"
	"math"
	"strconv"

	"magent/ascii"
	"magent/backend"
	"magent/internal/fault"
)

// copying is one key on its way from one copy to the other: read there (mg), then written here (ms). Both go over
// the connections of all requests for the key, so the writing takes its place among the mutations of the key. What
// it must not do is write an older value behind a newer one, or delete a newer one. When a mutation passes between
// the reading and its reply, the key is read again. What it does upon a reply is a table (step.go).
//
// There is one for a key at most, the one in Engine.copies. As long as it is there, one of its requests is under
// way, and a reply is due. One that is over is not in copies any more, or another one is.
type copying struct {
	e         *Engine
	h         *resync // that waits for it, and counts it in busy; nil: it is a single key of a server that is up
	server    int     // that gets the key
	from      int     // where it is read; another one than server, and not dirty for the key when the copy begins
	key       string
	seq       uint64 // failover.Dirty.SeqOf when it was marked last; 0: it is not dirty, then it is a fill
	phase     phase  // reading, then writing, and back when it is read again; over is the last one
	fill      bool   // the server lacks the key, it is not dirty: nothing is replaced, and nothing deleted
	overtaken bool   // by a mutation, since it was read or written; false when it is read
	again     bool   // it was marked, or deleted, since it was read; false when it is read
	flushes   uint64 // Engine.flushes when it was read
}

// copyKey begins to copy a dirty key, or deletes it where that cannot be done.
func (e *Engine) copyKey(h *resync, key string) {
	seq := e.dirty[h.server].SeqOf([]byte(key))
	if seq == 0 || e.dirty[h.server].All() {
		return // it has been repaired by now, or is flushed
	}
	if e.startCopy(&copying{e: e, h: h, server: h.server, key: key, seq: seq}) {
		h.busy++
	}
}

// repairPrimary copies a key to its primary, which is up, from the backup. Until that is done the backup's word
// counts for it.
func (e *Engine) repairPrimary(i int, key []byte, seq uint64) {
	e.startCopy(&copying{e: e, server: i, key: string(key), seq: seq})
}

// maxBackupRepairs bounds the keys that are copied to backups that are up.
const maxBackupRepairs = 1000

// repairBackup copies a key to its backup, which is up and has just been asked to delete it.
func (e *Engine) repairBackup(i int, key []byte) {
	if y := e.copies[string(key)]; y != nil {
		y.again = true // it is deleted by this, too
		return
	}
	x := &copying{e: e, server: i, key: string(key), fill: true}
	if len(e.copies) < maxBackupRepairs && e.canCopy(x) && x.read() {
		e.copies[x.key] = x
	}
}

// startCopy reports whether the key is on its way for x's sake now. If not, it is so already, or is deleted.
func (e *Engine) startCopy(x *copying) bool {
	if y := e.copies[x.key]; y != nil && y.server == x.server {
		y.overtaken, y.again, y.fill, y.seq = true, true, false, x.seq
		return e.takeOver(y, x)
	} else if y != nil && y.fill { // the other way round: that was for the sake of a copy that nobody reads
		y.phase = over
		y.end()
	}
	if !e.canCopy(x) || !x.read() {
		e.eraseFor(x.h, x.server, []byte(x.key), x.seq)
		return false
	}
	e.copies[x.key] = x
	return true
}

// canCopy finds where x is to be copied from, and reports whether that can be done.
func (e *Engine) canCopy(x *copying) bool {
	p, b := e.Pair([]byte(x.key))
	if x.from = b; x.server == b {
		x.from = p
	}
	if e.copies[x.key] != nil || x.from < 0 || !e.Health.Usable(x.from) || e.dirty[x.from].Has([]byte(x.key)) {
		return false
	}
	return (x.fill || !e.dirty[x.server].All()) &&
		copyable(e.Conns[x.from], x.key) && copyable(e.Conns[x.server], x.key)
}

// takeOver has y, which is on its way, do what x is for. y may have been begun for a resync that is over, because the
// server went again, or as a single key. It reports whether x's own did not wait for it yet.
func (e *Engine) takeOver(y, x *copying) bool {
	if y.h == x.h {
		return false
	}
	if y.h != nil && e.resyncs[y.h.server] == y.h {
		y.h.busy--
	}
	y.h = x.h
	return true
}

// Overtaken notes that a mutation of key is about to be sent.
func (e *Engine) Overtaken(key []byte) {
	if len(e.copies) == 0 || fault.Refill {
		return
	}
	if x := e.copies[string(key)]; x != nil {
		x.overtaken = true
	}
}

// OvertakenAll notes that all keys are about to be changed.
func (e *Engine) OvertakenAll() {
	for _, x := range e.copies {
		x.overtaken = true
	}
}

// read asks for the value, its flags and the rest of its time, without being a use of the item (u).
func (x *copying) read() bool {
	x.overtaken, x.again, x.phase, x.flushes = false, false, reading, x.e.flushes
	line, flag := appendKey(append(x.e.line[:0], "mg "...), []byte(x.key))
	line = append(append(line, flag...), " v f t u\r\n"...)
	x.e.line = line
	from := x.e.Conns[x.from]
	return from.Send(line, nil, shapeFor(from), x, 0)
}

// OnReply takes the value, and then the outcome of writing it.
func (x *copying) OnReply(_ uint16, _ *backend.Conn, r *ascii.Reply) {
	if x.phase == writing && x.flushed() {
		x.fill = false // what was written may be older than the flush_all, and then has to go
	}
	s := situation{
		phase: x.phase, fill: x.fill, single: x.h == nil, again: x.again, overtaken: x.overtaken,
		flushed: x.flushed(), usable: x.e.Health.Usable(x.server), reply: r.Kind,
	}
	for what := next(s); !x.take(what, r); what = next(s) {
		s.tried[what] = true
	}
}

// take takes a step upon the reply r, and reports whether that was possible.
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

// flushed reports whether another loop's flush_all may have come, or may still come, between the reading and the
// writing.
func (x *copying) flushed() bool { return x.flushes != x.e.flushes || x.e.flushing > 0 }

// retry has a dirty key made good once more. One that was filled, and not dirty, is dirty now: a flush_all has come
// between.
func (x *copying) retry() {
	if x.seq == 0 {
		x.e.MarkMissed(x.server, []byte(x.key))
	} else {
		x.e.retry(x.server, []byte(x.key))
	}
}

// later puts a key off that one of the copies did not tell or take in time, if both are still used, and reports
// whether it has. A resync has others before it; a single key is asked for once more.
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

// giveUp deletes the key instead. A backup that has gone over it gets it on its return.
func (x *copying) giveUp() {
	usable := x.e.Health.Usable(x.server)
	if !x.fill && usable {
		x.e.erase(x.server, []byte(x.key), x.seq)
	}
	x.end()
	if x.fill && x.h == nil && !usable && x.e.Health.Usable(x.from) {
		x.e.MarkMissed(x.server, []byte(x.key))
	}
}

// end takes x out, and tells those who wait for it.
func (x *copying) end() {
	delete(x.e.copies, x.key)
	x.e.done(x.h)
}

// month is the largest number of seconds that memcached takes for a time to live; a larger one is a point in time.
const month = 30 * 24 * 3600

// exptime writes the rest of an item's time, in seconds, as memcached reads it.
func (e *Engine) exptime(ttl int) int64 {
	if ttl > month {
		return min(e.opt.UnixTime()+int64(ttl), math.MaxInt32) // a server refuses more, and may execute the value
	}
	return int64(max(1, ttl))
}

// write stores what was read, and reports whether that was possible.
func (x *copying) write(va []byte) bool {
	line, value, _ := bytes.Cut(va, []byte("\r\n"))
	words := bytes.Fields(line) // VA, the length, and the flags that were asked for
	if !x.e.Health.Usable(x.server) || len(words) < 2 {
		return false
	}
	if x.h != nil {
		x.h.window = min(x.h.window+1, maxCopies)
		x.h.size = max(len(value), x.h.size-x.h.size/8)
	}
	to := x.e.Conns[x.server]
	head, flag := appendKey(append(x.e.line[:0], "ms "...), []byte(x.key))
	head = strconv.AppendInt(append(head, lengthFor(to)...), int64(len(value)-len("\r\n")), 10)
	head = append(head, flag...)
	for _, w := range words[2:] {
		switch w[0] {
		case 'f':
			flags, err := strconv.ParseUint(string(w[1:]), 10, 32)
			if err != nil {
				return false // servers that take more than 32 bits are few, and one that does not may execute the value
			}
			head = strconv.AppendUint(append(head, " F"...), flags, 10)
		case 't':
			if ttl, err := strconv.Atoi(string(w[1:])); err == nil && ttl >= 0 {
				head = strconv.AppendInt(append(head, " T"...), x.e.exptime(ttl), 10)
			}
		case 'W', 'X', 'Z':
			return false // stale, or waiting for a client that recomputes it: our reading may have taken its turn
		}
	}
	if x.fill {
		head = append(head, " ME"...) // add
	}
	head = append(head, "\r\n"...)
	x.e.line = head
	x.phase = writing
	return to.Send(head, value, shapeFor(to), x, 0)
}
