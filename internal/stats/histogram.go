package stats

import (
	"math/bits"
	"time"
)

// The buckets of a Histogram have powers of two as bounds, from 32 µs to 4.2 s. One more is for longer durations.
const (
	lowest  = 5 // the lowest bound is 1<<lowest microseconds
	highest = 22
	// Buckets is the number of buckets.
	Buckets = highest - lowest + 2
)

// Histogram counts durations by their order of magnitude. It is not safe for concurrent use. Observe
// takes a few nanoseconds.
type Histogram struct {
	Counts [Buckets]uint64 // by bucket; each duration is in one of them
	Sum    uint64          // sum of all durations, in nanoseconds
}

// Observe counts a duration in nanoseconds. One that equals a bound belongs to the bucket below it, as in Prometheus.
func (h *Histogram) Observe(ns int64) {
	ns = max(ns, 1)
	h.Sum += uint64(ns)
	i := bits.Len64(uint64(ns-1)/1000) - lowest
	h.Counts[min(max(i, 0), Buckets-1)]++
}

// Bound returns the upper bound of a bucket. The last bucket has none.
func Bound(bucket int) time.Duration { return time.Microsecond << (lowest + bucket) }

// Add adds o to h.
func (h *Histogram) Add(o *Histogram) {
	for i, n := range o.Counts {
		h.Counts[i] += n
	}
	h.Sum += o.Sum
}

// Since returns the difference to before, an earlier state of h.
func (h *Histogram) Since(before *Histogram) Histogram {
	out := *h
	for i, n := range before.Counts {
		out.Counts[i] -= n
	}
	out.Sum -= before.Sum
	return out
}

// Total returns the number of durations.
func (h *Histogram) Total() (n uint64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Quantile returns an estimate of the duration that a share q of all durations does not exceed, or 0 if there are
// none. It interpolates within a bucket. For the last bucket it returns the lower bound.
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
