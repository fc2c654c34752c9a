package backend

import "magent/ascii"

// entry is one request on its way: who gets the reply, and how the reply is framed.
type entry struct {
	to    Receiver // nil: given up, the reply is thrown away when it comes
	at    int64    // when the wait began, loop time
	slot  uint16
	shape ascii.Shape

	withheld error // what the server lacks for it: it was asked something else instead

	joined bool   // a key of a joint get
	more   bool   // which goes on with the next entry: there is one, and it is joined
	value  bool   // a value follows the command line
	keyed  bool   // Expect
	size   uint32 // bytes of the request
	keys   uint16 // values that may be in the reply; 0: one
	key    uint64 // joined, keyed: the key's hash
}

// fifo is a ring of entries that grows on demand; its size is a power of two.
type fifo struct {
	ring  []entry
	head  int
	count int
}

func (f *fifo) len() int { return f.count }

func (f *fifo) at(i int) *entry { return &f.ring[(f.head+i)&(len(f.ring)-1)] }

// push returns the new last entry, to be filled; what it held before is still in it.
func (f *fifo) push() *entry {
	if f.count == len(f.ring) {
		f.grow()
	}
	e := f.at(f.count)
	f.count++
	return e
}

// pop removes the first entry.
func (f *fifo) pop() entry {
	e := &f.ring[f.head]
	out := *e
	e.to = nil
	f.head = (f.head + 1) & (len(f.ring) - 1)
	f.count--
	return out
}

// unpop puts back what pop has just removed.
func (f *fifo) unpop(e entry) {
	f.head = (f.head - 1) & (len(f.ring) - 1)
	f.ring[f.head] = e
	f.count++
}

func (f *fifo) grow() {
	ring := make([]entry, max(64, 2*len(f.ring)))
	for i := range f.count {
		ring[i] = *f.at(i)
	}
	f.ring, f.head = ring, 0
}

// trim lets go of the ring when it is empty.
func (f *fifo) trim() {
	if f.count == 0 && len(f.ring) > keptRing {
		f.ring, f.head = nil, 0
	}
}

// keptRing is the largest ring that an empty fifo keeps, in entries.
const keptRing = 1024
