package dedicated

import "sync/atomic"

// Bound limits the connections of a pool, on all loops and in both versions of the protocol.
type Bound struct {
	Most int64
	used atomic.Int64
}

// take counts one more, unless there are as many as there may be.
func (b *Bound) take() bool {
	for {
		n := b.used.Load()
		if n >= b.Most {
			return false
		}
		if b.used.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// give counts one less.
func (b *Bound) give() { b.used.Add(-1) }
