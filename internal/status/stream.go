package status

import (
	"net/http"
	"sync/atomic"
	"time"

	"magent/internal/admin"
)

const (
	maxStreams = 8                // open pages; further ones have to try again
	fetchTime  = 10 * time.Second // maximum time for sending an event to a page
)

// stream is /events: server-sent events for the page. The first one is the history, then comes a
// report after every period.
type stream struct {
	s    *Sampler
	open atomic.Int64
}

func newStream(s *Sampler) *stream { return &stream{s: s} }

func (v *stream) serve(w http.ResponseWriter, r *http.Request) {
	defer v.open.Add(-1)
	if v.open.Add(1) > maxStreams {
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	v.s.mu.Lock()
	past, t, then := v.s.past.json(), v.s.tick, v.s.then
	v.s.mu.Unlock()
	if !send(w, "history", past) {
		return
	}
	for {
		if t != nil && !send(w, "report", t.json()) {
			return
		}
		select {
		case <-then:
		case <-r.Context().Done(): // the page was closed, or the process ends
			return
		}
		v.s.mu.Lock()
		t, then = v.s.tick, v.s.then
		v.s.mu.Unlock()
	}
}

// send writes an event. It returns false if the page is gone.
func send(w http.ResponseWriter, event string, data []byte) bool {
	admin.Patiently(w, fetchTime)
	text := make([]byte, 0, len(data)+len(event)+20)
	text = append(append(text, "event: "...), event...)
	text = append(append(append(text, "\ndata: "...), data...), "\n\n"...)
	if _, err := w.Write(text); err != nil {
		return false
	}
	return http.NewResponseController(w).Flush() == nil
}
