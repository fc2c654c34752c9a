package stats

import (
	"math/bits"
	"time"
)

// The buckets of a Histogram: powers of two of a microsecond, from 32 µs to 4.2 s, and one for what takes longer.
const (
	lowest  = 5 // its bound is 1<<lowest microseconds
	highest = 22
	// Buckets is the number of buckets.
	Buckets = highest - lowest + 2
)

// Histogram counts durations by their order of magnitude. It belongs to whoever counts; Observe costs some nanoseconds.
type Histogram struct {
	Counts [Buckets]uint64 // by bucket: each duration is in one
	Sum    uint64          // of all durations, in nanoseconds
}

// Observe counts a duration in nanoseconds. One that lies on a bound belongs to the bucket below it, as Prometheus has it.
func (h *Histogram) Observe(ns int64) {
	ns = max(ns, 1)
	h.Sum += uint64(ns)
	i := bits.Len64(uint64(ns-1)/1000) - lowest
	h.Counts[min(max(i, 0), Buckets-1)]++
}

// Bound is the upper bound of a bucket; the last one has none.
func Bound(bucket int) time.Duration { return time.Microsecond << (lowest + bucket) }

// Add adds o to h.
func (h *Histogram) Add(o *Histogram) {
	for i, n := range o.Counts {
		h.Counts[i] += n
	}
	h.Sum += o.Sum
}

// Since returns what was counted after h was before.
func (h *Histogram) Since(before *Histogram) Histogram {
	out := *h
	for i, n := range before.Counts {
		out.Counts[i] -= n
	}
	out.Sum -= before.Sum
	return out
}

// Total is the number of durations.
func (h *Histogram) Total() (n uint64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Quantile is about the duration that a share q of all is not longer than; 0 of none. Within a bucket it is interpolated; of
// the last one only the lower bound is known.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := q * float64(h.Total())
	below := 0.0
	for i, n := range h.Counts {
		if n == 0 || below+float64(n) < rank {
			below += float64(n)
			continue
		}
		var low time.Duration
		if i > 0 {
			low = Bound(i - 1)
		}
		if i == Buckets-1 {
			return low
		}
		return low + time.Duration((rank-below)/float64(n)*float64(Bound(i)-low))
	}
	return 0
}
