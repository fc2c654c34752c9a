package soak

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// point is a value at a time after the start.
type point struct {
	at    time.Duration
	value float64
}

// limit is how much a figure may grow in a whole run, however long that is.
type limit struct {
	name  string
	of    func(sample) float64
	most  float64
	short float64 // the same in less than an hour, when memory still settles, and other tests come and go
	unit  string
}

// limits are those of a run. One KiB that is kept for each fault is 6 MiB in eight hours.
var limits = []limit{
	{"memory", func(s sample) float64 { return s.rss }, 4, 16, "MiB"},
	{"descriptors", func(s sample) float64 { return s.fds }, 6, 6, ""},
	{"goroutines", func(s sample) float64 { return s.goroutines }, 6, 6, ""},
	{"median latency", func(s sample) float64 { return s.p50 }, 50, 1000, "ms"},
}

// in returns what a figure may grow by in a run of the given length.
func (l limit) in(length time.Duration) float64 {
	if length < time.Hour {
		return l.short
	}
	return l.most
}

// growing returns a line for each figure that grows more than it may in a run of the given length. The samples of
// the warm-up do not count.
func growing(samples []sample, length time.Duration) (lines []string) {
	for _, l := range limits {
		if g := l.growth(samples, length); g > l.in(length) {
			lines = append(lines, fmt.Sprintf("%s: %.1f %s more in %v, which may be %.0f", l.name, g, l.unit, length,
				l.in(length)))
		}
	}
	return lines
}

// growth returns by how much a figure grows in a run of the given length.
func (l limit) growth(samples []sample, length time.Duration) float64 {
	var points []point
	for _, s := range samples {
		if s.at >= warmup(length) {
			points = append(points, point{s.at, l.of(s)})
		}
	}
	return slope(points) * length.Seconds()
}

// warmup is how long a process needs until all that it makes once has been made.
func warmup(length time.Duration) time.Duration { return min(length/4, 10*time.Minute) }

// slope returns how fast a value rises, in units per second: the median of the slopes between all pairs of points, as
// Theil and Sen have it. Peaks do not matter, unless they are there for a third of the time.
func slope(points []point) float64 {
	points = thin(points)
	var slopes []float64
	for i, p := range points {
		for _, q := range points[i+1:] {
			slopes = append(slopes, (q.value-p.value)/(q.at-p.at).Seconds())
		}
	}
	if len(slopes) == 0 {
		return 0
	}
	return median(slopes)
}

// thin makes at most 200 points of many: each is the median of neighbours.
func thin(points []point) (few []point) {
	for some := range slices.Chunk(points, max(1, (len(points)+199)/200)) {
		values := make([]float64, len(some))
		for i, p := range some {
			values[i] = p.value
		}
		few = append(few, point{some[len(some)/2].at, median(values)})
	}
	return few
}

// median sorts the values.
func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile sorts the values, and returns the one below which a share of them lies; 0 if there are none.
func quantile[T cmp.Ordered](values []T, share float64) (q T) {
	if len(values) == 0 {
		return q
	}
	slices.Sort(values)
	return values[int(share*float64(len(values)-1))]
}
