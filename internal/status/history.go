package status

import (
	"encoding/json"
	"math"
	"strconv"
	"sync"
)

const (
	points    = 300  // points of the history, one per period
	maxSeries = 1000 // pools and servers with a history
)

// history has past rates of pools and servers, so that a page shows the last minutes as soon as it is opened.
type history struct {
	n      int // number of periods so far
	series map[string]*series
}

// series is the history of one pool or server, as rings.
type series struct {
	seen     int // period of the last point
	requests [points]point
	latency  [points]point
	hits     [points]point
	errors   [points]point
}

// point is a value, with four digits in JSON. NaN means that there is none.
type point float32

// MarshalJSON implements json.Marshaler.
func (p point) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(p)) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(p), 'g', 4, 32), nil
}

func newHistory() history { return history{series: map[string]*series{}} }

// add adds the points of a period. Pools and servers that are gone are dropped.
func (h *history) add(r *Report) {
	h.n++
	h.put("", &r.Rates)
	for i := range r.Pools {
		pool := &r.Pools[i]
		h.put(pool.Name, &pool.Rates)
		for j := range pool.Servers {
			h.put(pool.Servers[j].key(pool.Name), &pool.Servers[j].Rates)
		}
	}
	for key, s := range h.series {
		if s.seen != h.n {
			delete(h.series, key)
		}
	}
}

// key identifies a server. The page forms the same key from a report.
func (s *Server) key(pool string) string {
	return pool + "\n" + s.Role + "\n" + s.Address + "\n" + s.Name
}

func (h *history) put(key string, r *Rates) {
	s := h.series[key]
	if s == nil {
		if len(h.series) == maxSeries {
			return
		}
		s = &series{}
		for i := range points {
			s.set(i, math.NaN(), math.NaN(), math.NaN(), math.NaN())
		}
		h.series[key] = s
	}
	s.seen = h.n
	s.set(h.n%points, r.Requests, orNaN(r.P99), orNaN(r.HitRatio), r.Errors)
}

func (s *series) set(i int, requests, latency, hits, errors float64) {
	s.requests[i], s.latency[i], s.hits[i], s.errors[i] = point(requests), point(latency), point(hits), point(errors)
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// unrolled is a series as lists, with the oldest point first.
type unrolled struct {
	Requests []point `json:"requests"`
	Latency  []point `json:"latency"`
	Hits     []point `json:"hits"`
	Errors   []point `json:"errors"`
}

// json returns the whole history.
func (h *history) json() []byte {
	out := make(map[string]unrolled, len(h.series))
	for key, s := range h.series {
		out[key] = unrolled{
			unroll(&s.requests, h.n+1), unroll(&s.latency, h.n+1), unroll(&s.hits, h.n+1), unroll(&s.errors, h.n+1),
		}
	}
	text, _ := json.Marshal(out) // there is nothing that could fail
	return text
}

func unroll(ring *[points]point, from int) []point {
	at := from % points
	return append(append(make([]point, 0, points), ring[at:]...), ring[:at]...)
}

// tick is the end of a period.
type tick struct {
	now, before *sample
	report      *Report
	once        sync.Once
	text        []byte
}

func newTick(e Engine, now, before *sample) *tick {
	t := &tick{now: now, before: before, report: newReport(e, now)}
	t.report.rate(now, before)
	return t
}

// json returns the report, which is encoded once for all readers.
func (t *tick) json() []byte {
	t.once.Do(func() { t.text, _ = json.Marshal(t.report) })
	return t.text
}
