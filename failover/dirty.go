package failover

// Dirty is what a server may hold wrong values for: keys of which it missed a mutation, or may have missed one, or disagreed
// about one. The zero value is empty and keeps nothing: everything is dirty at once. Each loop has its own, for its keys.
type Dirty struct {
	MaxKeys  int // more, and everything counts as dirty
	MaxBytes int // of keys, the same

	keys  map[string]stain
	bytes int
	all   stain // of everything; the mark 0: not everything is dirty
	marks uint64
}

// stain is why a key is dirty.
type stain struct {
	mark    uint64 // the number of the last mark
	deleted bool   // a deletion has been sent since: whatever the server is asked later comes behind it
}

// Mark notes key, which is borrowed for the call. The number is what Clean wants to hear when the key has been repaired.
func (d *Dirty) Mark(key []byte) (mark uint64) {
	d.marks++
	if d.All() {
		return d.marks
	}
	if _, known := d.keys[string(key)]; !known {
		if len(d.keys) >= d.MaxKeys || d.bytes+len(key) > d.MaxBytes {
			return d.MarkAll()
		}
		if d.keys == nil {
			d.keys = map[string]stain{}
		}
		d.bytes += len(key)
	}
	d.keys[string(key)] = stain{mark: d.marks}
	return d.marks
}

// Marks is the number of the last mark.
func (d *Dirty) Marks() uint64 { return d.marks }

// MarkOf is the number of the last mark of a key that is dirty, or of everything; 0: the key is not.
func (d *Dirty) MarkOf(key []byte) uint64 {
	if d.All() {
		return d.all.mark
	}
	return d.keys[string(key)].mark
}

// Deleting notes that the deletion of a key, which is borrowed for the call, has been sent (sent), or that nobody knows whether it
// was carried out.
func (d *Dirty) Deleting(key []byte, sent bool) {
	if s, dirty := d.keys[string(key)]; dirty && s.deleted != sent {
		d.keys[string(key)] = stain{s.mark, sent}
	}
}

// DeletingAll is Deleting for everything: flush_all.
func (d *Dirty) DeletingAll(sent bool) { d.all.deleted = sent }

// Exposed reports whether what is sent to the server now may find a wrong value of key: it is dirty, and no deletion has been
// sent.
func (d *Dirty) Exposed(key []byte) bool {
	if d.All() {
		return !d.all.deleted
	}
	s, dirty := d.keys[string(key)]
	return dirty && !s.deleted
}

// MarkAll notes that every key is dirty.
func (d *Dirty) MarkAll() (mark uint64) {
	d.marks++
	d.all, d.keys, d.bytes = stain{mark: d.marks}, nil, 0
	return d.marks
}

// Clean takes a key out that was repaired after the mark, and reports whether it has: not if it was marked again since.
func (d *Dirty) Clean(key []byte, mark uint64) bool {
	if mark == 0 || d.keys[string(key)].mark != mark {
		return false
	}
	delete(d.keys, string(key))
	d.bytes -= len(key)
	return true
}

// CleanAll ends a MarkAll, and reports whether it has: not if everything was marked again since.
func (d *Dirty) CleanAll(mark uint64) bool {
	if d.all.mark != mark {
		return false
	}
	d.all = stain{}
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
func (d *Dirty) All() bool { return d.all.mark > 0 }

// Len is the number of keys known to be dirty; 0 when all are.
func (d *Dirty) Len() int { return len(d.keys) }

// Each calls f with every dirty key and its mark. f may clean the key.
func (d *Dirty) Each(f func(key string, mark uint64)) {
	for key, s := range d.keys {
		f(key, s.mark)
	}
}
