package loop

// largeCeiling is the bound of all free large buffers of a loop, in bytes. It has room for those of a request of
// 50 MB, or of a reply, and for those that were outgrown on the way.
const largeCeiling = 128 << 20

// large holds free buffers of more than the largest size class. They are of any size. Fresh ones would have to be
// cleared, and the system gives their memory page by page.
type large struct {
	free  [][]byte
	least int // the smallest number of them since the last trim
	kept  int // bytes in free
}

// get removes the largest free buffer of n to 2n bytes, as what is read usually goes on to grow. nil: there is none.
func (l *large) get(n int) []byte {
	best, size := -1, 0
	for i, b := range l.free {
		if c := cap(b); c >= n && c <= 2*n && c > size {
			best, size = i, c
		}
	}
	if best < 0 {
		return nil
	}
	b := l.free[best]
	last := len(l.free) - 1
	copy(l.free[best:], l.free[best+1:])
	l.free[last] = nil
	l.free = l.free[:last]
	l.least = min(l.least, last)
	l.kept -= size
	return b
}

// put adds a buffer. It reports false if there is no room for it.
func (l *large) put(b []byte) bool {
	if l.kept+cap(b) > largeCeiling {
		return false
	}
	l.kept += cap(b)
	l.free = append(l.free, b[:0])
	return true
}

// trim removes as many as were not needed since the last call, those first that were put back first. It returns how
// many bytes they have.
func (l *large) trim() (gone int) {
	for _, b := range l.free[:l.least] {
		gone += cap(b)
	}
	l.kept -= gone
	left := len(l.free) - l.least
	copy(l.free, l.free[l.least:])
	clear(l.free[left:])
	l.free, l.least = l.free[:left], left
	return gone
}
