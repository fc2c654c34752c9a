package repair

import (
	"bytes"
	"math"
	"strconv"

	"magent/ascii"
	"magent/backend"
	"magent/internal/fault"
)

// copying copies one key from a server to another: it reads the item there (mg) and writes it here (ms). Both commands
// use the connections of the requests, so the write has its place in the order of the key's mutations.
//
// It must not write an old value over a newer one, nor delete a newer one. So if a mutation is sent between the read
// and its reply, the key is read again. The table in step.go says what it does upon a reply.
//
// A key has at most one copying that is not over; it is in Engine.copies. As long as it is there, one of its requests
// is under way and a reply is due.
type copying struct {
	e         *Engine
	h         *resync // the resync that waits for it and counts it in busy; nil: the server is up
	server    int     // the server that gets the key
	from      int     // the server where it is read; the key is not dirty there when the copying begins
	key       string
	seq       uint64 // the sequence number with which the key became dirty (failover.Dirty.SeqOf); 0: it is not dirty
	phase     phase  // reading, then writing, and back to reading if it is read again; over is final
	fill      bool   // the server lacks the key, which is not dirty: nothing is replaced or deleted
	overtaken bool   // a mutation was sent after the key was read or written; a new read resets it
	again     bool   // the key became dirty again or was deleted after the read; a new read resets it
	flushes   uint64 // Engine.flushes at the time of the read
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

// repairPrimary copies a dirty key from the backup to its primary i, which is up. Until then the backup leads the key.
func (e *Engine) repairPrimary(i int, key []byte, seq uint64) {
	e.startCopy(&copying{e: e, server: i, key: string(key), seq: seq})
}

// maxBackupRepairs bounds the keys that are being copied when repairBackup adds one. Beyond it the key is only
// deleted.
const maxBackupRepairs = 1000

// repairBackup copies a key to its backup i, which is up and has just been asked to delete it.
func (e *Engine) repairBackup(i int, key []byte) {
	if y := e.copies[string(key)]; y != nil {
		y.again = true // the deletion comes after what y has written
		return
	}
	x := &copying{e: e, server: i, key: string(key), fill: true}
	if len(e.copies) < maxBackupRepairs && e.canCopy(x) && x.read() {
		e.copies[x.key] = x
	}
}

// startCopy begins x, or merges it with the copying of that key that is under way. If the key cannot be copied, it is
// deleted. The result is whether x.h now waits for one more copying.
func (e *Engine) startCopy(x *copying) bool {
	if y := e.copies[x.key]; y != nil && y.server == x.server {
		y.overtaken, y.again, y.fill, y.seq = true, true, false, x.seq
		return e.takeOver(y, x)
	} else if y != nil && y.fill { // it fills the server that x reads from, which nobody reads yet
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

// canCopy sets x.from, and reports whether the key can be copied from there.
func (e *Engine) canCopy(x *copying) bool {
	p, b := e.Pair([]byte(x.key))
	if x.from = b; x.server == b {
		x.from = p
	}
	if e.copies[x.key] != nil || x.from < 0 || !e.Health.Usable(x.from) || e.behind(x.from) ||
		e.dirty[x.from].Has([]byte(x.key)) {
		return false
	}
	return (x.fill || !e.dirty[x.server].All()) &&
		copyable(e.Conns[x.from], x.key) && copyable(e.Conns[x.server], x.key)
}

// takeOver lets y, which is under way, also do the work of x. y may belong to a resync that has ended because its
// server went down again, or to none. The result is whether x.h did not wait for y before.
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

// Overtaken notes that a mutation of key is about to be sent. The value that a copying has read is then out of date.
func (e *Engine) Overtaken(key []byte) {
	if len(e.copies) == 0 || fault.Refill {
		return
	}
	if x := e.copies[string(key)]; x != nil {
		x.overtaken = true
	}
}

// OvertakenAll notes that all keys are about to be changed by a flush_all.
func (e *Engine) OvertakenAll() {
	for _, x := range e.copies {
		x.overtaken = true
	}
}

// read asks for the value, its flags and its remaining time to live. The flag u keeps this from counting as a use of
// the item. The result is whether the server could be asked.
func (x *copying) read() bool {
	x.overtaken, x.again, x.phase, x.flushes = false, false, reading, x.e.flushes
	line, flag := appendKey(append(x.e.line[:0], "mg "...), []byte(x.key))
	line = append(append(line, flag...), " v f t u\r\n"...)
	x.e.line = line
	from := x.e.Conns[x.from]
	return from.Send(line, nil, shapeFor(from), x, 0)
}

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

// flushed reports whether a flush_all of another loop may take effect between the read and the write.
func (x *copying) flushed() bool { return x.flushes != x.e.flushes || x.e.flushing > 0 }

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
	}
	x.end()
	if x.fill && x.h == nil && !usable && x.e.Health.Usable(x.from) {
		x.e.MarkMissed(x.server, []byte(x.key))
	}
}

// end removes x from Engine.copies, and tells its resync.
func (x *copying) end() {
	delete(x.e.copies, x.key)
	x.e.done(x.h)
}

// month is the largest exptime, in seconds, that memcached takes for a time to live. A larger one is a time since
// 1970.
const month = 30 * 24 * 3600

// exptime returns the exptime for an item that has ttl seconds left to live.
func (e *Engine) exptime(ttl int) int64 {
	if ttl > month {
		// A server refuses larger numbers, and may then execute the value as commands.
		return min(e.opt.UnixTime()+int64(ttl), math.MaxInt32)
	}
	return int64(max(1, ttl))
}

// write sends the item that was read to the server. va is the reply to the read. The result is whether that was
// possible.
func (x *copying) write(va []byte) bool {
	line, value, _ := bytes.Cut(va, []byte("\r\n"))
	words := bytes.Fields(line) // VA, the length, and the flags
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
				return false // a server that refuses more than 32 bits may execute the value as commands
			}
			head = strconv.AppendUint(append(head, " F"...), flags, 10)
		case 't':
			if ttl, err := strconv.Atoi(string(w[1:])); err == nil && ttl >= 0 {
				head = strconv.AppendInt(append(head, " T"...), x.e.exptime(ttl), 10)
			}
		case 'W', 'X', 'Z':
			return false // a stale item: our read may have won the right to recompute it, which is a client's
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
