package metrics

import (
	"magent/internal/stats"

	"github.com/prometheus/client_golang/prometheus"
)

type plainMetric[T any] struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*T) float64
}

// metric is a figure or a histogram of a T.
type metric[T any] struct {
	plainMetric[T]
	histogram func(*T) *stats.Histogram
}

// send sends the metric for one T.
func (m *metric[T]) send(out sink, of *T, labels ...string) {
	if m.histogram != nil {
		out.histogram(m.desc, m.histogram(of), labels...)
		return
	}
	out.put(m.desc, m.kind, m.value(of), labels...)
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
