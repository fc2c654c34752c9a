package soak

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// run makes the samples of a run: the memory of a process whose collector works in saw teeth, with peaks, and with a
// start in which it grows. leak is added in bytes for each fault, of which there is one in five seconds.
func run(length time.Duration, leak float64) (samples []sample) {
	r := rand.New(rand.NewPCG(1, 2))
	for at := time.Duration(0); at < length; at += time.Second {
		s := sample{at: at, fds: 40 + float64(r.IntN(5)), goroutines: 30 + float64(r.IntN(3)), p50: 1 + r.Float64()}
		s.rss = 25 + 3*math.Mod(at.Seconds(), 17)/17 + r.Float64()
		s.rss -= 10 * math.Exp(-at.Seconds()/60)
		s.rss += leak * (at / (5 * time.Second)).Seconds() * 1e9 / (1 << 20)
		if r.IntN(20) == 0 {
			s.rss += 20 * r.Float64() // a slow client
			s.p50 += 300
			s.fds += 50
		}
		samples = append(samples, s)
	}
	return samples
}

// TestJudge: a leak of one KiB for each fault is noticed in the default time, and noise is not.
func TestJudge(t *testing.T) {
	const length = 8 * time.Hour
	if lines := growing(run(length, 0), length); len(lines) > 0 {
		t.Errorf("nothing grows, but %q", lines)
	}
	lines := growing(run(length, 1<<10), length)
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "memory: ") {
		t.Errorf("1 KiB for each fault: %q", lines)
	}
	if lines := growing(run(length, 256), length); len(lines) > 0 {
		t.Errorf("1.4 MiB in all are within the limits, but %q", lines)
	}
}

// TestEachLimit: each figure is judged, and one that falls is well.
func TestEachLimit(t *testing.T) {
	const length = time.Hour
	rise := func(to float64, by func(at float64) float64) (samples []sample) {
		for at := range 3600 {
			x := to * by(float64(at)/3600)
			s := sample{at: time.Duration(at) * time.Second, rss: x, fds: x, goroutines: x, p50: x}
			samples = append(samples, s)
		}
		return samples
	}
	all := growing(rise(100, func(share float64) float64 { return share }), length)
	for _, l := range limits {
		said := func(line string) bool { return strings.HasPrefix(line, l.name+": 100.0 ") }
		if !slices.ContainsFunc(all, said) {
			t.Errorf("%s rises by 100: %q", l.name, all)
		}
	}
	if lines := growing(rise(-100, func(share float64) float64 { return share }), length); len(lines) > 0 {
		t.Errorf("it falls, but %q", lines)
	}
}

// TestWarmUp: what rises at the start does not count, and a short run may need more memory than a long one.
func TestWarmUp(t *testing.T) {
	const length = time.Hour
	var samples []sample
	for at := range 600 {
		samples = append(samples, sample{at: time.Duration(at) * time.Second, rss: float64(at)})
	}
	for at := 600; at < 3600; at += 60 {
		samples = append(samples, sample{at: time.Duration(at) * time.Second, rss: 600})
	}
	if lines := growing(samples, length); len(lines) > 0 {
		t.Errorf("it rises at the start only, but %q", lines)
	}
	samples = []sample{{at: 10 * time.Minute, rss: 10}, {at: 20 * time.Minute, rss: 12.5}}
	if long, short := growing(samples, length), growing(samples, length/3); len(long) != 1 || len(short) != 0 {
		t.Errorf("15 MiB an hour: %q in an hour, %q in a third of it", long, short)
	}
}

func TestSlope(t *testing.T) {
	for _, test := range []struct {
		values []float64 // one each second
		want   float64
	}{
		{nil, 0},
		{[]float64{3}, 0},
		{[]float64{3, 5}, 2},
		{[]float64{1, 2, 3, 100, 5, 6, 7, 8}, 1},
		{[]float64{8, 6, 4, 2}, -2},
	} {
		var points []point
		for i, v := range test.values {
			points = append(points, point{time.Duration(i) * time.Second, v})
		}
		if got := slope(points); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%v: %v, want %v", test.values, got, test.want)
		}
	}
}
