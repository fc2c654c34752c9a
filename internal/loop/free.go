package loop

// spareCeiling bounds what the free lists of a loop keep, in bytes.
const spareCeiling = 16 << 20

// Spare counts what the free lists of one loop keep together. The zero value is ready.
type Spare struct {
	kept    int // bytes; at most spareCeiling
	dropped int // bytes that were left to the garbage collector since the last call of Dropped
}

// Kept is how many bytes are kept.
func (s *Spare) Kept() int { return s.kept }

// Dropped is how many bytes were left to the garbage collector since the last call.
func (s *Spare) Dropped() int {
	n := s.dropped
	s.dropped = 0
	return n
}

// Free is a free list of one loop: what is used again and again, to spare allocations. What is more than its Spare may keep is
// left to the garbage collector, and so is, by Trim, what was not needed for a while. Last in, first out.
type Free[T any] struct {
	spare *Spare
	items []freeItem[T]
	least int // the fewest items that there have been since the last Trim: those were not needed
}

type freeItem[T any] struct {
	p    *T
	size int
}

// NewFree returns a list that shares a Spare with others; nil: it has one of its own.
func NewFree[T any](s *Spare) Free[T] {
	if s == nil {
		s = &Spare{}
	}
	return Free[T]{spare: s}
}

// Get takes an item, nil when there is none.
func (f *Free[T]) Get() *T {
	n := len(f.items) - 1
	if n < 0 {
		return nil
	}
	it := f.items[n]
	f.items[n] = freeItem[T]{}
	f.items = f.items[:n]
	f.least = min(f.least, n)
	f.spare.kept -= it.size
	return it.p
}

// Put gives an item back that holds so many bytes of memory.
func (f *Free[T]) Put(p *T, size int) {
	if f.spare.kept+size > spareCeiling {
		f.spare.dropped += size
		return
	}
	f.spare.kept += size
	f.items = append(f.items, freeItem[T]{p, size})
}

// Drop lets go of all items.
func (f *Free[T]) Drop() {
	f.least = len(f.items)
	f.Trim()
}

// Trim drops the items that were not needed since the last call.
func (f *Free[T]) Trim() {
	n := f.least
	for i := range n {
		f.spare.kept -= f.items[i].size
		f.spare.dropped += f.items[i].size
	}
	left := len(f.items) - n
	switch {
	case left == 0:
		f.items = nil
	case n > 0:
		f.items = append(make([]freeItem[T], 0, left), f.items[n:]...)
	}
	f.least = left
}
