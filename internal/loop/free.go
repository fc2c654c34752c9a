package loop

import "unsafe"

// spareCeiling bounds the items in the free lists that share a Spare, in bytes.
const spareCeiling = 16 << 20

// Spare counts the bytes in the free lists that share it, usually those of one loop. The zero value is ready to use.
type Spare struct {
	kept    int // bytes in the lists; at most spareCeiling
	dropped int // bytes that were left to the garbage collector since the last call of Dropped
}

// Kept returns how many bytes are in the lists.
func (s *Spare) Kept() int { return s.kept }

// Dropped returns how many bytes were left to the garbage collector since the last call.
func (s *Spare) Dropped() int {
	n := s.dropped
	s.dropped = 0
	return n
}

// Free is a free list of items for use again, which avoids allocations. It belongs to one loop, and is last in, first
// out. Items for which its Spare has no room are left to the garbage collector. Trim does the same with items that
// were not needed for a while.
type Free[T any] struct {
	spare *Spare
	items []freeItem[T]
	least int // the smallest length of items since the last Trim: so many items were not needed
}

type freeItem[T any] struct {
	p    *T
	size int
}

// NewFree returns an empty list that shares s with others. If s is nil, the list has a Spare of its own.
func NewFree[T any](s *Spare) Free[T] {
	if s == nil {
		s = &Spare{}
	}
	return Free[T]{spare: s}
}

// Get removes and returns an item; nil: the list is empty.
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

// Take is Get, or returns a new item.
func (f *Free[T]) Take() *T {
	if p := f.Get(); p != nil {
		return p
	}
	return new(T)
}

// Give is Put for an item that holds no other memory. It is zero again when it is taken.
func (f *Free[T]) Give(p *T) {
	*p = *new(T)
	f.Put(p, int(unsafe.Sizeof(*p)))
}

// Put adds an item that holds size bytes of memory. The caller must not use it any more.
func (f *Free[T]) Put(p *T, size int) {
	if f.spare.kept+size > spareCeiling {
		f.spare.dropped += size
		return
	}
	f.spare.kept += size
	f.items = append(f.items, freeItem[T]{p, size})
}

// Drop removes all items.
func (f *Free[T]) Drop() {
	f.least = len(f.items)
	f.Trim()
}

// Trim removes the items that were not needed since the last call.
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
