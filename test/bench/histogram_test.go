package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestHistogramQuantilesAreWithinOnePercent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	shapes := map[string]func() int64{
		"even":        func() int64 { return random.Int64N(1e6) },
		"exponential": func() int64 { return int64(random.ExpFloat64() * 1e5) },
		"two humps":   func() int64 { return 40_000 + random.Int64N(2)*9_000_000 + random.Int64N(100) },
		"constant":    func() int64 { return 123_456 },
	}
	for name, draw := range shapes {
		var h, half histogram
		values := make([]int64, 0, 20000)
		for i := range cap(values) {
			v := draw()
			values = append(values, v)
			if i%2 == 0 {
				h.add(v, 1)
			} else {
				half.add(v, 1)
			}
		}
		h.merge(&half)
		slices.Sort(values)
		for _, q := range []float64{.01, .25, .5, .9, .99, .999, 1} {
			want := float64(values[max(int(math.Ceil(q*float64(len(values))))-1, 0)])
			if got := h.quantile(q); math.Abs(got-want) > want/100+1 {
				t.Errorf("%s: quantile %v is %v, want %v", name, q, got, want)
			}
		}
	}
}

func TestHistogramBuckets(t *testing.T) {
	last := -1
	for v := int64(0); v >= 0 && v < math.MaxInt64/3; v += v/200 + 1 {
		i := bucket(v)
		if i < last || i > last+1 {
			t.Fatalf("bucket(%d) is %d after %d: buckets must be in order and without gaps", v, i, last)
		}
		last = i
		if m := middle(i); math.Abs(m-float64(v)) > float64(v)/64 {
			t.Fatalf("%d falls in bucket %d with middle %v", v, i, m)
		}
	}
	if bucket(-5) != 0 || bucket(math.MaxInt64) >= len(histogram{}.counts) {
		t.Error("the extremes must have buckets")
	}
	if new(histogram).quantile(.5) != 0 {
		t.Error("an empty histogram has quantile 0")
	}
}

func TestHistogramCountsSeveralAtOnce(t *testing.T) {
	var h histogram
	h.add(100, 99)
	h.add(10_000, 1)
	if p := h.quantile(.99); p != 100 {
		t.Errorf("p99 %v, want 100", p)
	}
	if p := h.quantile(.999); math.Abs(p-10_000) > 100 {
		t.Errorf("p99.9 %v, want about 10000", p)
	}
}
