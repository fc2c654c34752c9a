package repair

import (
	"hash/maphash"

	"magent/ascii"
	"magent/backend"
)

// A server that comes back empty is refilled while the other copies lead its keys. So no command has to wait until its
// key is there. A command that depends on the present value is decided by the copy that has it. If the empty server
// comes to another result, the key becomes dirty and is copied.

// Emptied notes that server i has lost its contents, because it was restarted or flushed. It is refilled when it
// returns, or from the beginning if it is being refilled.
func (e *Engine) Emptied(i int) {
	if e.Backups == nil {
		return
	}
	e.incomplete[i] = true
	e.record(i, Recorder.Incomplete)
	e.repeatDelayed(i) // the server has forgotten it
	if h := e.resyncs[i]; h != nil {
		if h.isFilling() {
			e.abandon(h) // it begins anew
		}
		e.raise(h) // the server may have lost what it had confirmed
		e.goOn(h)
	}
}

// abandon ends the filling of a server before it is complete.
func (e *Engine) abandon(h *resync) {
	e.enter(h, missed)
	e.opt.Host.Abandoned(h.server)
}

// Incomplete reports whether server i lacks keys that the other copies have.
func (e *Engine) Incomplete(i int) bool { return e.incomplete[i] }

// CanFill reports whether server i can be filled: all servers with the other copies of its keys can be read, and know
// meta commands. If a primary that can be read and its backup are both incomplete, the backup is filled first, because
// clients see what the primary has.
func (e *Engine) CanFill(i int) bool {
	if e.Backups == nil || e.Conns[i].Meta() == backend.NoMeta {
		return false
	}
	for j, conn := range e.Conns {
		if !e.CopiesOf(i, j) {
			continue
		}
		if !e.Health.Readable(j) || conn.Meta() == backend.NoMeta {
			return false
		}
		if e.incomplete[j] && i < e.NumPrimaries && e.Health.Readable(i) {
			return false
		}
	}
	return true
}

// Fill hands over a batch of keys that server i may lack. The caller must not use the slice any more. final means that
// this is the last batch.
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

// Distrust notes that server i may hold values that are out of date, because keys have moved to it or because it is
// another server. It must not be Usable yet. Before it is read, all those keys must be passed to Cleanse, or the
// server is flushed.
func (e *Engine) Distrust(i int) {
	if e.Backups == nil {
		return
	}
	e.record(i, Recorder.All) // after a crash nobody would know which keys these are
	e.unclean[i] = true
	e.Emptied(i)
}

// Trust takes Distrust back: another process has repaired what server i holds. The server, which must have no dirty
// keys, is still filled.
func (e *Engine) Trust(i int) {
	if !e.unclean[i] {
		return
	}
	e.unclean[i] = false
	e.record(i, Recorder.Clean)
	e.record(i, Recorder.Incomplete)
}

// Distrusted reports whether server i may still hold values that are out of date.
func (e *Engine) Distrusted(i int) bool { return e.unclean[i] }

// Cleanse marks a batch of keys that server i holds as dirty, because they may be out of date. They are copied from
// the other copy, or deleted. final means that this is the last batch.
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

// fillNext begins to fill the next key, and reports whether there was one. It asks for the next batch when few keys
// are left.
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

// fillKey copies a key to a server that may lack it. If it is being copied already, perhaps for an earlier resync, h
// waits for that.
//
// A key that is on its way from h's server to the other copy is left alone: the other copy has no say about it then,
// and gets what h's server has. A fill of the other copy has ended before this one began (barrier).
func (e *Engine) fillKey(h *resync, key string) {
	x := &copying{e: e, h: h, server: h.server, key: key, fill: true}
	if y := e.copies[key]; y != nil && y.server == x.server && e.takeOver(y, x) {
		h.busy++
	} else if e.canCopy(x) && x.read() {
		e.copies[key] = x
		h.busy++
	}
}

// ReadThrough fills the keys in a reply of server from, if their other copy is on a server that is being filled. So
// keys in use are filled first. They may also be missing from the list of keys: memcached moves items that are used,
// and may move one to a place that was listed already. A server that is not yet cleansed or flushed gets no keys.
func (e *Engine) ReadThrough(from int, reply []byte) {
	if e.warming == 0 {
		return
	}
	for key, _, rest := ascii.NextValue(reply); len(key) > 0; key, _, rest = ascii.NextValue(rest) {
		e.ReadThroughKey(from, key)
	}
}

// ReadThroughKey is ReadThrough for one key that server from has. It ignores an empty key.
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

// seen remembers about seenSize keys by their hashes. A new key replaces an older one.
type seen struct {
	seed   maphash.Seed
	hashes []uint64
}

// seenSize is the number of keys that seen has room for.
const seenSize = 1 << 15

// add adds a key, and reports whether it was new.
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
