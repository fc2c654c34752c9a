// Package undecided counts the mutations that have not come to an end on both copies, by a hash of the key. Whoever
// has read such a key may wait for the end of those that were under way. There is no I/O and no clock in it.
package undecided

import "hash/maphash"

// size is the number of counts of a table.
const size = 1 << 11

// Table has the counts of a pool on one loop, which alone uses it. Keys may share a count. W is what waits.
type Table[W any] struct {
	seed   maphash.Seed
	counts []count[W] // nil: no mutation has counted yet
	total  int
	spare  *period[W]
	ended  []W // whose wait has ended: Next takes them
	taken  int // of these
}

// count is that of some keys. It has two halves, so that who waits does not wait for what begins later.
type count[W any] struct {
	of     [2]uint32
	now    uint8      // the half in which mutations count that begin
	period *period[W] // nil: nobody waits, and nothing counts in the other half
}

// period lasts until nothing counts in the other half any more.
type period[W any] struct {
	waits []W // for its end
	next  []W // for the end of what counts in either half: for the end of the period after this one
	free  *period[W]
}

// Mark is where a mutation counts. The zero Mark counts nowhere.
type Mark[W any] struct {
	c    *count[W]
	half uint8
}

// New returns a table in which nothing counts. It has no memory before that: there may be many pools, which are made
// while everything stands still.
func New[W any]() *Table[W] { return &Table[W]{seed: maphash.MakeSeed()} }

func (t *Table[W]) of(key []byte) *count[W] { return &t.counts[maphash.Bytes(t.seed, key)%size] }

// Begin counts a mutation of a key.
func (t *Table[W]) Begin(key []byte) Mark[W] {
	if t.counts == nil {
		t.counts = make([]count[W], size)
	}
	c := t.of(key)
	c.of[c.now]++
	t.total++
	return Mark[W]{c, c.now}
}

// End ends what Begin has begun, and makes m the zero Mark. Next has to be asked then.
func (t *Table[W]) End(m *Mark[W]) {
	c := m.c
	c.of[m.half]--
	t.total--
	*m = Mark[W]{}
	for p := c.period; p != nil && c.of[1-c.now] == 0; {
		t.ended = append(t.ended, p.waits...)
		clear(p.waits)
		p.waits, p.next = p.next, p.waits[:0]
		if len(p.waits) > 0 {
			c.now = 1 - c.now
			continue
		}
		p.free, t.spare, c.period = t.spare, p, nil
		return
	}
}

// Counts reports whether a mutation counts.
func (m Mark[W]) Counts() bool { return m.c != nil }

// Total is the number of mutations that count.
func (t *Table[W]) Total() int { return t.total }

// Busy reports whether a mutation of a key counts. It may be another one's.
func (t *Table[W]) Busy(key []byte) bool {
	if t.total == 0 {
		return false
	}
	c := t.of(key)
	return c.of[0]+c.of[1] > 0
}

// Wait has Next return w when all mutations of a key have ended that count now. It must be Busy.
func (t *Table[W]) Wait(key []byte, w W) {
	c := t.of(key)
	if p := c.period; p != nil {
		p.next = append(p.next, w)
		return
	}
	p := t.spare
	if p == nil {
		p = &period[W]{}
	} else {
		t.spare = p.free
	}
	p.waits, c.period, c.now = append(p.waits, w), p, 1-c.now
}

// Next returns one whose wait has ended, and forgets it.
func (t *Table[W]) Next() (w W, ok bool) {
	if t.taken == len(t.ended) {
		t.ended, t.taken = t.ended[:0], 0
		return w, false
	}
	var none W
	w, t.ended[t.taken] = t.ended[t.taken], none
	t.taken++
	return w, true
}
