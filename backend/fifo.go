package backend

import "magent/ascii"

// entry is a request in flight: who gets the reply, and how it is framed.
type entry struct {
	to    Receiver // nil: the request was given up, and its late reply is discarded
	at    int64    // loop time at which the wait began
	slot  uint16
	shape ascii.Shape
	extra uint32 // replies that are due beside the last one, see Several

	withheld error // what the server lacks for it; something else was sent instead

	joined bool   // it is a key of a joint get
	more   bool   // the joint get continues with the next entry, which exists and is joined
	value  bool   // the command line is followed by a value
	keyed  bool   // see Expect
	reads  bool   // see Repeatable
	begun  bool   // an owner has got it, or may have; at is when the first one did
	size   uint32 // bytes of the request
	keys   uint16 // values that the reply may have; 0: one
	key    uint64 // joined, keyed: hash of the key
}

// fifo is a ring of entries that grows on demand. Its size is a power of two.
type fifo struct {
	ring  []entry
	head  int
	count int
}

func (f *fifo) len() int { return f.count }

func (f *fifo) at(i int) *entry { return &f.ring[(f.head+i)&(len(f.ring)-1)] }

// push appends an entry and returns it. The caller fills it: it still has old contents.
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
	out := f.ring[f.head]
	f.drop()
	return out
}

// next returns the first entry, to which a reply has come. It is removed with its last reply, when extra is 0.
func (f *fifo) next() entry {
	e := &f.ring[f.head]
	out := *e
	if e.extra > 0 {
		e.extra--
	} else {
		f.drop()
	}
	return out
}

// drop removes the first entry, which is not needed any more.
func (f *fifo) drop() {
	f.ring[f.head].to = nil
	f.head = (f.head + 1) & (len(f.ring) - 1)
	f.count--
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

// trim releases the ring if it is empty.
func (f *fifo) trim() {
	if f.count == 0 && len(f.ring) > keptRing {
		f.ring, f.head = nil, 0
	}
}

// keptRing is the size of the largest ring that an empty fifo keeps, in entries.
const keptRing = 1024
