package repair

import "magent/ascii"

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
	if h := e.resyncs[i]; h != nil {
		if h.isFilling() {
			e.abandon(h) // it begins anew
		}
		e.raise(h) // the server may have lost what it had confirmed
		e.goOn(h)
	}
}

// Incomplete reports whether server i lacks keys that the other copies have.
func (e *Engine) Incomplete(i int) bool { return e.incomplete[i] }

// MayLack reports whether server i may lack a key that its other copy has: it is dirty, is being copied, or was not
// filled yet.
func (e *Engine) MayLack(i int, key []byte) bool {
	if e.incomplete[i] || e.dirty[i].Has(key) {
		return true
	}
	x := e.copies[string(key)]
	return x != nil && x.server == i
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
