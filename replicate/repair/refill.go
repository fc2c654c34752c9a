package repair

import (
	"hash/maphash"

	"magent/ascii"
	"magent/backend"
)

// A server that comes back empty is filled while the other copies answer for its keys, so no command has to wait
// for its key to be there. One that depends on the present value is decided by the copy that has it. Where the
// empty server comes to another result, the key is dirty and is copied.

// Emptied notes that server i has lost its contents: it was restarted, or flushed. Once it is not read it is filled.
func (e *Engine) Emptied(i int) {
	if e.Backups == nil {
		return
	}
	e.incomplete[i] = true
	e.record(i, Recorder.Incomplete)
	e.repeatDelayed(i) // it has forgotten it
	if h := e.resyncs[i]; h.isFilling() {
		e.abandon(h)
		e.goOn(h) // begins anew
	}
}

// abandon gives up filling a server.
func (e *Engine) abandon(h *resync) {
	e.enter(h, missed)
	e.opt.Host.Abandoned(h.server)
}

// Incomplete reports whether server i lacks what the other copies of its keys have.
func (e *Engine) Incomplete(i int) bool { return e.incomplete[i] }

// CanFill reports whether server i can get its contents from other copies: all servers where those are can be read.
// Of two that are incomplete the backup is filled first, for the primary has what clients see.
func (e *Engine) CanFill(i int) bool {
	if e.Backups == nil || e.Conns[i].Meta() == backend.NoMeta {
		return false
	}
	for j, conn := range e.Conns {
		if !e.CopiesOf(i, j) {
			continue
		}
		if !e.Health.Readable(j) || conn.Meta() == backend.NoMeta || e.incomplete[j] && i < e.NumPrimaries {
			return false
		}
	}
	return true
}

// Fill gives keys, which are handed over, that server i may lack; final: there are no more.
func (e *Engine) Fill(i int, keys []string, final bool) {
	h := e.resyncs[i]
	if !h.isFilling() {
		return
	}
	if final {
		e.enter(h, last)
	} else {
		e.enter(h, filling)
	}
	h.fills = append(h.fills, keys...)
	e.goOn(h)
}

// Distrust notes that server i, which must not be Usable yet, may hold what is out of date: keys have moved to it,
// or it is another memory. Before it is read all that is to be given to Cleanse, or it is flushed.
func (e *Engine) Distrust(i int) {
	if e.Backups == nil {
		return
	}
	e.record(i, Recorder.All) // whoever comes after a crash does not know which keys these are
	e.unclean[i] = true
	e.Emptied(i)
}

// Distrusted reports whether what server i holds may still be out of date.
func (e *Engine) Distrusted(i int) bool { return e.unclean[i] }

// Cleanse gives keys that server i holds and that may be out of date there: they are copied from their other copy,
// or deleted. final: there are no more.
func (e *Engine) Cleanse(i int, keys []string, final bool) {
	h := e.resyncs[i]
	if !h.isFilling() {
		return
	}
	if h.stage == listing {
		e.enter(h, filling)
	}
	for _, key := range keys {
		e.noteDirty(i, []byte(key), true)
		h.queue = append(h.queue, key)
	}
	if final {
		e.unclean[i] = false
	}
	e.goOn(h)
}

// fillNext begins to fill the next key, and reports whether there was one. It asks for more in time.
func (e *Engine) fillNext(h *resync) bool {
	if len(h.fills) < fewKeys && h.stage == filling {
		e.enter(h, listing)
		e.opt.Host.More(h.server)
	}
	n := len(h.fills) - 1
	if n < 0 {
		return false
	}
	key := h.fills[n]
	h.fills = h.fills[:n]
	e.fillKey(h, key)
	return true
}

// fillKey copies a key to a server that may lack it. One that is on its way already, perhaps for a resync before, is waited for.
func (e *Engine) fillKey(h *resync, key string) {
	x := &copying{e: e, h: h, server: h.server, key: key, fill: true}
	if y := e.copies[key]; y != nil && y.server == x.server && e.takeOver(y, x) {
		h.busy++
	} else if e.canCopy(x) && x.read() {
		e.copies[key] = x
		h.busy++
	}
}

// ReadThrough fills the keys in a reply of server from, if their other copy is on a server that is being filled:
// what is in use is filled first. (It is also what the list of keys may lack: memcached moves items that are used,
// and may move one to where the list has been already.) A server that is yet to be cleansed, or flushed, is left alone.
func (e *Engine) ReadThrough(from int, reply []byte) {
	if e.warming == 0 {
		return
	}
	for key, _, rest := ascii.NextValue(reply); len(key) > 0; key, _, rest = ascii.NextValue(rest) {
		e.ReadThroughKey(from, key)
	}
}

// ReadThroughKey is ReadThrough for one key, which server from has; an empty one is none.
func (e *Engine) ReadThroughKey(from int, key []byte) {
	if e.warming == 0 || len(key) == 0 {
		return
	}
	i, b := e.Pair(key)
	if i == from {
		i = b
	}
	if h := e.resyncs[i]; h.isFilling() && !e.unclean[i] && h.busy < 2*maxCopies && h.seen.add(key) {
		e.fillKey(h, string(key))
	}
}

// seen remembers keys, as many as there is room for: a new one takes the place of an older one.
type seen struct {
	seed   maphash.Seed
	hashes []uint64
}

// seenSize is the number of keys that seen has room for.
const seenSize = 1 << 15

// add reports whether the key is new.
func (s *seen) add(key []byte) bool {
	if s.hashes == nil {
		s.seed, s.hashes = maphash.MakeSeed(), make([]uint64, seenSize)
	}
	hash := maphash.Bytes(s.seed, key)
	place := &s.hashes[hash%seenSize]
	if *place == hash {
		return false
	}
	*place = hash
	return true
}
