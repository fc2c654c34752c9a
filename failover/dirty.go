package failover

// Dirty is what a server may hold wrong values for: keys of which it missed a mutation, or may have missed one, or disagreed
// about one. The zero value is empty and keeps nothing: everything is dirty at once. Each loop has its own, for its keys.
type Dirty struct {
	MaxKeys  int // more, and everything counts as dirty
	MaxBytes int // of keys, the same

	keys  map[string]uint64 // the number of the last mark
	bytes int
	all   uint64 // the number of the mark of everything, 0: not everything is dirty
	marks uint64
}

// Mark notes key, which is borrowed for the call. The number is what Clean wants to hear when the key has been repaired.
func (d *Dirty) Mark(key []byte) (mark uint64) {
	d.marks++
	if d.all > 0 {
		return d.marks
	}
	if _, known := d.keys[string(key)]; !known {
		if len(d.keys) >= d.MaxKeys || d.bytes+len(key) > d.MaxBytes {
			return d.MarkAll()
		}
		if d.keys == nil {
			d.keys = map[string]uint64{}
		}
		d.bytes += len(key)
	}
	d.keys[string(key)] = d.marks
	return d.marks
}

// MarkAll notes that every key is dirty.
func (d *Dirty) MarkAll() (mark uint64) {
	d.marks++
	d.all, d.keys, d.bytes = d.marks, nil, 0
	return d.marks
}

// Clean takes a key out that was repaired after the mark, and reports whether it has: not if it was marked again since.
func (d *Dirty) Clean(key []byte, mark uint64) bool {
	if mark == 0 || d.keys[string(key)] != mark {
		return false
	}
	delete(d.keys, string(key))
	d.bytes -= len(key)
	return true
}

// CleanAll ends a MarkAll, and reports whether it has: not if everything was marked again since.
func (d *Dirty) CleanAll(mark uint64) bool {
	if d.all != mark {
		return false
	}
	d.all = 0
	return true
}

// Has reports whether key is dirty.
func (d *Dirty) Has(key []byte) bool {
	if d.all > 0 {
		return true
	}
	_, dirty := d.keys[string(key)]
	return dirty
}

// Empty reports whether nothing is dirty.
func (d *Dirty) Empty() bool { return d.all == 0 && len(d.keys) == 0 }

// All reports whether everything is dirty.
func (d *Dirty) All() bool { return d.all > 0 }

// Len is the number of keys known to be dirty; 0 when all are.
func (d *Dirty) Len() int { return len(d.keys) }

// Each calls f with every dirty key and its mark. f may clean the key.
func (d *Dirty) Each(f func(key string, mark uint64)) {
	for key, mark := range d.keys {
		f(key, mark)
	}
}
