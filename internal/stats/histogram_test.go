package stats

import (
	"math"
	"testing"
	"time"
)

// TestHistogramBuckets: every duration is counted in the first bucket whose bound it does not exceed.
func TestHistogramBuckets(t *testing.T) {
	for d, want := range map[time.Duration]int{
		-1: 0, 0: 0, 1: 0, 32 * time.Microsecond: 0, 32*time.Microsecond + 1: 1, 64 * time.Microsecond: 1,
		64*time.Microsecond + 1: 2,
		time.Millisecond:        5, 1024 * time.Microsecond: 5, 1024*time.Microsecond + 1: 6,
		Bound(Buckets - 2): Buckets - 2, Bound(Buckets-2) + 1: Buckets - 1, math.MaxInt64: Buckets - 1,
	} {
		var h Histogram
		h.Observe(int64(d))
		if h.Counts[want] != 1 || h.Total() != 1 {
			t.Errorf("%v is not in bucket %d: %v", d, want, h.Counts)
		}
		if want < Buckets-1 && d > Bound(want) || want > 0 && d <= Bound(want-1) {
			t.Errorf("%v: the bounds of bucket %d are wrong", d, want)
		}
	}
}

func TestHistogramArithmetic(t *testing.T) {
	var a, b Histogram
	a.Observe(100)
	before := a
	a.Observe(int64(time.Second))
	if since := a.Since(&before); since.Total() != 1 || since.Sum != uint64(time.Second) {
		t.Errorf("since: %+v", since)
	}
	b.Observe(7)
	b.Add(&a)
	if b.Total() != 3 || b.Sum != uint64(time.Second)+107 {
		t.Errorf("sum: %+v", b)
	}
}

func TestHistogramQuantile(t *testing.T) {
	var h Histogram
	if q := h.Quantile(0.5); q != 0 {
		t.Errorf("of none: %v", q)
	}
	for range 90 {
		h.Observe(int64(50 * time.Microsecond)) // in (32, 64]
	}
	for range 10 {
		h.Observe(int64(900 * time.Microsecond)) // in (512, 1024]
	}
	for q, want := range map[float64]time.Duration{
		0.45: 48 * time.Microsecond, 0.95: 768 * time.Microsecond,
		1: 1024 * time.Microsecond,
	} {
		if got := h.Quantile(q); (got - want).Abs() > time.Microsecond {
			t.Errorf("%v: %v, want %v", q, got, want)
		}
	}
	h = Histogram{}
	h.Observe(int64(time.Hour))
	if q := h.Quantile(0.5); q != Bound(Buckets-2) {
		t.Errorf("beyond the last bound: %v", q)
	}
}

func BenchmarkHistogramObserve(b *testing.B) {
	var h Histogram
	for i := range b.N {
		h.Observe(int64(i & 0xffffff))
	}
}
