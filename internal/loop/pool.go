package loop

import "math/bits"

const (
	minClass    = 12       // 4 KiB
	maxClass    = 21       // 2 MiB; larger buffers are not kept
	poolCeiling = 16 << 20 // the bound of all free buffers, in bytes
)

// Pool lends byte buffers by size class (powers of two). It belongs to one loop. It is last in, first out, so that a
// buffer is probably still in the processor's cache. The zero value is ready to use.
type Pool struct {
	free  [maxClass - minClass + 1][][]byte // by size class: the free buffers
	least [maxClass - minClass + 1]int      // by size class: the smallest number of them since the last Trim
	kept  int                               // bytes in free
	gone  int                               // bytes left to the garbage collector since the last call of Dropped
}

// Get returns an empty slice with a capacity of at least n.
func (p *Pool) Get(n int) []byte {
	c := class(n)
	if c > maxClass {
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

// Put takes a buffer back. The caller must not use it again. Buffers that did not come from Get are left to the
// garbage collector, and so are those for which the pool has no room. b may be nil.
func (p *Pool) Put(b []byte) {
	n := cap(b)
	c := class(n)
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
}

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
