package main

import "math/bits"

const (
	stepBits = 6 // 64 steps per power of two: quantiles are within 1 % of the truth
	steps    = 1 << stepBits
)

// histogram counts durations in nanoseconds, in logarithmic buckets like HDR histograms. It is exact below 128 ns.
// Above, each power of two is divided into 64 buckets. The zero value is empty.
type histogram struct {
	counts [(64 - stepBits) * steps]int64
	total  int64
}

// add counts n durations of ns nanoseconds each.
func (h *histogram) add(ns, n int64) {
	h.counts[bucket(ns)] += n
	h.total += n
}

func bucket(ns int64) int {
	v := uint64(max(ns, 0))
	shift := max(bits.Len64(v)-stepBits-1, 0)
	return shift*steps + int(v>>shift)
}

// middle returns the middle of the i-th bucket, in nanoseconds.
func middle(i int) float64 {
	if i < 2*steps {
		return float64(i)
	}
	shift := i/steps - 1
	low := uint64(i-shift*steps) << shift
	return float64(low) + float64(uint64(1)<<shift)/2
}

func (h *histogram) merge(o *histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.total += o.total
}

// quantile returns a duration in nanoseconds: a share q of all durations is not longer.
func (h *histogram) quantile(q float64) float64 {
	want, sum := q*float64(h.total), int64(0)
	for i, n := range h.counts {
		if sum += n; n > 0 && float64(sum) >= want {
			return middle(i)
		}
	}
	return 0
}
