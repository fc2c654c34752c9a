package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"magent/internal/stats"
)

// sink takes metrics.
type sink struct{ to chan<- prometheus.Metric }

func (s sink) put(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
	s.to <- prometheus.MustNewConstMetric(d, kind, value, labels...)
}

func (s sink) gauge(d *prometheus.Desc, value float64, labels ...string) {
	s.put(d, prometheus.GaugeValue, value, labels...)
}

func (s sink) counter(d *prometheus.Desc, value uint64, labels ...string) {
	s.put(d, prometheus.CounterValue, float64(value), labels...)
}

// histogram sends a Histogram. Prometheus' buckets also count what is in the buckets below.
func (s sink) histogram(d *prometheus.Desc, h *stats.Histogram, labels ...string) {
	buckets := make(map[float64]uint64, stats.Buckets-1)
	n := uint64(0)
	for i, count := range h.Counts {
		n += count
		if i < stats.Buckets-1 {
			buckets[stats.Bound(i).Seconds()] = n
		}
	}
	s.to <- prometheus.MustNewConstHistogram(d, n, float64(h.Sum)/1e9, buckets, labels...)
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("magent_"+name, help, labels, nil)
}

// plain returns a text as a label, which has to be UTF-8.
func plain(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
