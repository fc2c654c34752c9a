package failover

// Dirty is what a server may hold wrong values for: keys of which it missed a mutation, or may have missed one, or
// disagreed about one. The zero value is empty and keeps nothing: everything is dirty at once. Each loop has its
// own, for its keys.
type Dirty struct {
	MaxKeys  int // more, and everything counts as dirty
	MaxBytes int // of keys, the same

	keys  map[string]state
	bytes int
	all   state  // of everything; its seq is 0: not everything is dirty
	seq   uint64 // counts the marks
}

// state is since when a key is dirty, and what has been done about it.
type state struct {
	seq     uint64 // of the last time that it was marked; never 0
	deleted bool   // a deletion has been sent since: whatever the server is asked later comes behind it
}

// Mark notes that key, which is borrowed for the call, is dirty. Clean wants to hear the number when the key has
// been repaired.
func (d *Dirty) Mark(key []byte) (seq uint64) {
	d.seq++
	if d.All() {
		return d.seq
	}
	if _, known := d.keys[string(key)]; !known {
		if len(d.keys) >= d.MaxKeys || d.bytes+len(key) > d.MaxBytes {
			return d.MarkAll()
		}
		if d.keys == nil {
			d.keys = map[string]state{}
		}
		d.bytes += len(key)
	}
	d.keys[string(key)] = state{seq: d.seq}
	return d.seq
}

// Seq is the number of the last Mark or MarkAll. It only grows.
func (d *Dirty) Seq() uint64 { return d.seq }

// SeqOf is the number of the last time that key was marked, or everything was; 0: it is not dirty.
func (d *Dirty) SeqOf(key []byte) uint64 {
	if d.All() {
		return d.all.seq
	}
	return d.keys[string(key)].seq
}

// Deleting notes that the deletion of a key, which is borrowed for the call, has been sent (sent), or that nobody
// knows whether it was carried out.
func (d *Dirty) Deleting(key []byte, sent bool) {
	if s, dirty := d.keys[string(key)]; dirty && s.deleted != sent {
		d.keys[string(key)] = state{s.seq, sent}
	}
}

// DeletingAll is Deleting for everything: flush_all.
func (d *Dirty) DeletingAll(sent bool) { d.all.deleted = sent }

// Exposed reports whether what is sent to the server now may find a wrong value of key: it is dirty, and no
// deletion has been sent.
func (d *Dirty) Exposed(key []byte) bool {
	if d.All() {
		return !d.all.deleted
	}
	s, dirty := d.keys[string(key)]
	return dirty && !s.deleted
}

// MarkAll notes that every key is dirty.
func (d *Dirty) MarkAll() (seq uint64) {
	d.seq++
	d.all, d.keys, d.bytes = state{seq: d.seq}, nil, 0
	return d.seq
}

// Clean takes a key out that was repaired after Mark had returned seq, and reports whether it has: not if it was
// marked again since.
func (d *Dirty) Clean(key []byte, seq uint64) bool {
	if seq == 0 || d.keys[string(key)].seq != seq {
		return false
	}
	delete(d.keys, string(key))
	d.bytes -= len(key)
	return true
}

// CleanAll ends a MarkAll, and reports whether it has: not if everything was marked again since.
func (d *Dirty) CleanAll(seq uint64) bool {
	if d.all.seq != seq {
		return false
	}
	d.all = state{}
	return true
}

// Has reports whether key is dirty.
func (d *Dirty) Has(key []byte) bool {
	if d.All() {
		return true
	}
	_, dirty := d.keys[string(key)]
	return dirty
}

// Empty reports whether nothing is dirty.
func (d *Dirty) Empty() bool { return !d.All() && len(d.keys) == 0 }

// All reports whether everything is dirty.
func (d *Dirty) All() bool { return d.all.seq > 0 }

// Len is the number of keys known to be dirty; 0 when all are.
func (d *Dirty) Len() int { return len(d.keys) }

// Each calls f with every dirty key and its number. f may clean the key.
func (d *Dirty) Each(f func(key string, seq uint64)) {
	for key, s := range d.keys {
		f(key, s.seq)
	}
}
