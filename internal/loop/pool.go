package loop

import "math/bits"

const (
	minClass    = 12       // 4 KiB
	maxClass    = 21       // 2 MiB; larger buffers have no class (large.go)
	poolCeiling = 16 << 20 // the bound of all free buffers that have a class, in bytes
)

// Pool lends byte buffers by size class (powers of two). It belongs to one loop. It is last in, first out, so that a
// buffer is probably still in the processor's cache. The zero value is ready to use.
type Pool struct {
	free  [maxClass - minClass + 1][][]byte // by size class: the free buffers
	least [maxClass - minClass + 1]int      // by size class: the smallest number of them since the last Trim
	kept  int                               // bytes in free
	large large                             // free buffers that are larger
	lent  int                               // how many of these have users that are counted (shared)
	gone  int                               // bytes left to the garbage collector since the last call of Dropped
}

// Get returns an empty slice with a capacity of at least n.
func (p *Pool) Get(n int) []byte {
	c := class(n)
	if c > maxClass {
		if b := p.large.get(n); b != nil {
			return b
		}
		return make([]byte, 0, n)
	}
	f := &p.free[c-minClass]
	if k := len(*f); k > 0 {
		b := (*f)[k-1]
		(*f)[k-1] = nil
		*f = (*f)[:k-1]
		p.least[c-minClass] = min(p.least[c-minClass], k-1)
		p.kept -= cap(b)
		return b
	}
	return make([]byte, 0, 1<<c)
}

// Put takes a buffer back. The caller must not use it again. Small buffers that did not come from Get are left to the
// garbage collector, and so are those for which the pool has no room. b may be nil.
func (p *Pool) Put(b []byte) {
	n := cap(b)
	c := class(n)
	poison(b)
	if c > maxClass && p.large.put(b) {
		return
	}
	if n == 0 || c > maxClass || n != 1<<c || p.kept+n > poolCeiling {
		p.gone += n
		return
	}
	p.kept += n
	f := &p.free[c-minClass]
	*f = append(*f, b[:0])
}

// Trim removes the buffers that were not needed since the last call.
func (p *Pool) Trim() {
	for c := range p.free {
		f := &p.free[c]
		for i, b := range (*f)[:p.least[c]] {
			p.kept -= cap(b)
			p.gone += cap(b)
			(*f)[i] = nil
		}
		*f = append((*f)[:0], (*f)[p.least[c]:]...)
		clear((*f)[len(*f):cap(*f)])
		p.least[c] = len(*f)
	}
	p.gone += p.large.trim()
}

// next returns an empty buffer for at least n bytes, where have bytes are there of a message that needs need. It may
// have room for the whole message if such a one is free, as that takes no memory from the system.
func (p *Pool) next(have, need, n int) []byte {
	if most := max(need, n); have >= knownPart && class(most) > maxClass {
		if b := p.large.get(most); b != nil {
			return b
		}
	}
	return p.Get(n)
}

// knownPart is the size in bytes of an incomplete message from which it may get a buffer for all of it.
const knownPart = 1 << 20

// Dropped returns how many bytes were left to the garbage collector since the last call.
func (p *Pool) Dropped() int {
	n := p.gone
	p.gone = 0
	return n
}

// Grow returns b if it has room for n more bytes. Otherwise it copies the contents to a larger buffer, and puts b
// back.
func (p *Pool) Grow(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	g := append(p.Get(max(len(b)+n, 2*cap(b))), b...)
	p.Put(b)
	return g
}

// Append is append(b, data...) with buffers of the pool; see Grow. b may be nil.
func (p *Pool) Append(b, data []byte) []byte { return append(p.Grow(b, len(data)), data...) }

// class returns the size class for a buffer of n bytes: the logarithm of its capacity to base 2.
func class(n int) int {
	if n <= 1<<minClass {
		return minClass
	}
	return bits.Len(uint(n - 1))
}
