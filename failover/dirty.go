package failover

// Dirty is the set of keys for which a server may hold a wrong value: it missed a mutation of them, or may have
// missed one, or answered one differently from the other copy. The zero value is empty and has no room for keys, so
// the first Mark makes everything dirty. Each loop has its own, for its keys.
type Dirty struct {
	MaxKeys  int // with more keys than this, everything is dirty
	MaxBytes int // the same for the sum of their lengths, in bytes

	keys  map[string]state
	bytes int
	all   state  // for everything; its seq is 0 unless everything is dirty
	seq   uint64 // number of the last mark
}

// state says since when a key is dirty, and what was done about it.
type state struct {
	seq     uint64 // number of its last mark; never 0
	deleted uint64 // the same for the last deletion that was sent since; 0: none
	// replaced: a deletion, or a mutation that ignores the old value, was sent after that. So whatever is sent to the
	// server now is executed after it.
	replaced bool
	recorded bool // a record says that it is dirty
}

// Mark records that key is dirty. It copies the key. Clean wants seq once the key is repaired.
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
	d.keys[string(key)] = state{seq: d.seq, recorded: d.keys[string(key)].recorded}
	return d.seq
}

// Record notes that a record says that key is dirty. It is forgotten when the key is clean, or everything is dirty.
func (d *Dirty) Record(key []byte) {
	if s, dirty := d.keys[string(key)]; dirty && !s.recorded {
		s.recorded = true
		d.keys[string(key)] = s
	}
}

// Recorded reports whether a record says that key is dirty. It is false if everything is.
func (d *Dirty) Recorded(key []byte) bool { return d.keys[string(key)].recorded }

// Seq returns the number of the last Mark, MarkAll or Deleting. It only grows.
func (d *Dirty) Seq() uint64 { return d.seq }

// SeqOf returns the number of the last mark of key, or of everything. It is 0 if the key is not dirty.
func (d *Dirty) SeqOf(key []byte) uint64 {
	if d.All() {
		return d.all.seq
	}
	return d.keys[string(key)].seq
}

// Replacing records, with sent, that a deletion of key was sent to the server, or a mutation that ignores the old
// value. Without sent it is unknown whether that was executed. The key is not kept.
func (d *Dirty) Replacing(key []byte, sent bool) {
	if s, dirty := d.keys[string(key)]; dirty && s.replaced != sent {
		s.replaced = sent
		d.keys[string(key)] = s
	}
}

// ReplacingAll is Replacing for all keys, with flush_all.
func (d *Dirty) ReplacingAll(sent bool) { d.all.replaced = sent }

// Deleting is Replacing for a deletion that is about to be sent. What was sent before it does not settle the key.
func (d *Dirty) Deleting(key []byte) {
	if s, dirty := d.keys[string(key)]; dirty {
		d.seq++
		s.replaced, s.deleted = true, d.seq
		d.keys[string(key)] = s
	}
}

// SettledBy returns the number of the last mark of key if neither that nor a deletion came after sent, which is what
// Seq was when a mutation was sent. Otherwise, and if the key is not dirty, it returns 0.
func (d *Dirty) SettledBy(key []byte, sent uint64) (seq uint64) {
	if s := d.keys[string(key)]; max(s.seq, s.deleted) <= sent {
		return s.seq
	}
	return 0
}

// Exposed reports whether a request sent to the server now may find a wrong value of key: the key is dirty, and
// nothing was sent that replaces the value.
func (d *Dirty) Exposed(key []byte) bool {
	if d.All() {
		return !d.all.replaced
	}
	s, dirty := d.keys[string(key)]
	return dirty && !s.replaced
}

// MarkAll records that every key is dirty.
func (d *Dirty) MarkAll() (seq uint64) {
	d.seq++
	d.all, d.keys, d.bytes = state{seq: d.seq}, nil, 0
	return d.seq
}

// Clean removes a key that was repaired after Mark had returned seq. It returns false, and removes nothing, if the
// key was marked again since.
func (d *Dirty) Clean(key []byte, seq uint64) bool {
	if seq == 0 || d.keys[string(key)].seq != seq {
		return false
	}
	delete(d.keys, string(key))
	d.bytes -= len(key)
	return true
}

// CleanAll ends a MarkAll that returned seq. It returns false, and changes nothing, if
// everything was marked again since.
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

// Len returns the number of dirty keys. It is 0 if everything is dirty.
func (d *Dirty) Len() int { return len(d.keys) }

// Each calls f with every dirty key and the number of its mark. f may clean the key. If everything is
// dirty there are no calls.
func (d *Dirty) Each(f func(key string, seq uint64)) {
	for key, s := range d.keys {
		f(key, s.seq)
	}
}
