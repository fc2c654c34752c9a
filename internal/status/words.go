package status

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// count formats a number for people.
func count(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.1fM", n/1e6)
	case n >= 1e5:
		return fmt.Sprintf("%.0fk", n/1e3)
	case n > 0 && n < 9.95 && n != math.Trunc(n):
		return fmt.Sprintf("%.1f", n)
	}
	return strconv.FormatFloat(math.Round(n), 'f', 0, 64)
}

func percent(ratio *float64) string {
	if ratio == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100**ratio)
}

// seconds formats a short time; nil means that it is not known.
func seconds(s *float64) string {
	switch {
	case s == nil:
		return "-"
	case *s < 0.0009995:
		return fmt.Sprintf("%.0f µs", *s*1e6)
	case *s < 0.00995:
		return fmt.Sprintf("%.1f ms", *s*1e3)
	case *s < 0.9995:
		return fmt.Sprintf("%.0f ms", *s*1e3)
	}
	return fmt.Sprintf("%.1f s", *s)
}

// span formats a long time.
func span(s float64) string {
	s = max(0, math.Round(s))
	switch {
	case s < 90:
		return fmt.Sprintf("%.0f s", s)
	case s < 5400:
		return fmt.Sprintf("%.0f min", s/60)
	case s < 129600:
		return fmt.Sprintf("%.0f h", s/3600)
	}
	return fmt.Sprintf("%.0f days", s/86400)
}

// curve draws the last values, as many as fit into width.
func curve(values []float64, width int) string {
	const bars = "▁▂▃▄▅▆▇█"
	if width > 0 && len(values) > width {
		values = values[len(values)-width:]
	}
	top := 0.0
	for _, v := range values {
		top = max(top, v)
	}
	out := make([]rune, len(values))
	for i, v := range values {
		level := 0
		if top > 0 {
			level = int(math.Round(7 * v / top))
		}
		out[i] = []rune(bars)[level]
	}
	return string(out)
}

// eventTime is the form of times. They are in the zone of the magent that is shown, as in its log.
const eventTime = "2 Jan 15:04:05"

// zone returns the time zone of t.
func zone(t time.Time) string {
	if offset := t.Format("-07:00"); offset != "+00:00" {
		return "UTC" + offset
	}
	return "UTC"
}
