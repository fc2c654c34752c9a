package soak

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"magent/test/harness"
)

// sample is what was seen of a magent in one second.
type sample struct {
	at         time.Duration // since the start
	rss        float64       // MiB
	fds        float64
	goroutines float64
	requests   float64 // that were answered
	errors     float64 // of them
	p50, p99   float64 // how long clients waited, in milliseconds
	worst      float64
}

// waits collects how long clients wait.
type waits struct {
	mu     sync.Mutex
	times  []time.Duration // since the last sample
	errors int
	// of the whole run
	answered, failed int
	wrong            string // what no memcached would have answered; "": nothing so far
}

// add notes that n requests were answered after some time, failed of them by an error.
func (w *waits) add(d time.Duration, n, failed int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range n {
		w.times = append(w.times, d)
	}
	w.errors += failed
	w.answered += n
	w.failed += failed
}

// accuse notes a wrong answer.
func (w *waits) accuse(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wrong == "" {
		w.wrong = fmt.Sprintf(format, args...)
	}
}

// take fills in the part of a sample that clients know, and begins the next second.
func (w *waits) take(s *sample) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ms := func(share float64) float64 { return float64(quantile(w.times, share)) / float64(time.Millisecond) }
	s.p50, s.p99, s.worst = ms(0.5), ms(0.99), ms(1)
	s.requests, s.errors = float64(len(w.times)), float64(w.errors)
	w.times, w.errors = w.times[:0], 0
}

// total returns how many requests were answered in all, how many of them by errors, and what was wrong.
func (w *waits) total() (answered, failed int, wrong string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.answered, w.failed, w.wrong
}

// look takes a sample. The monitoring port is asked for goroutines, and so belongs to the load.
func look(m *harness.Magent, admin string, begin time.Time, w *waits) (s sample, err error) {
	s.at, s.rss, s.fds = time.Since(begin), float64(m.RSS())/(1<<20), float64(m.FDs())
	w.take(&s)
	page, err := fetch("http://" + admin + "/metrics")
	if err != nil {
		return s, err
	}
	_, rest, _ := strings.Cut(page, "\ngo_goroutines ")
	text, _, _ := strings.Cut(rest, "\n")
	s.goroutines, err = strconv.ParseFloat(text, 64)
	return s, err
}

// fetch returns a page; an error if the status is not 200.
func fetch(url string) (string, error) {
	client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.200s", url, r.Status, body)
	}
	return string(body), err
}

// columns are those of the file of samples. In the picture, those with the same text before the colon are curves of
// one panel.
var columns = []string{
	"seconds", "memory (RSS), MiB", "descriptors", "goroutines", "requests a second: all", "requests a second: errors",
	"latency, ms: median", "latency, ms: 99 %", "latency, ms: worst",
}

// save writes samples as CSV.
func save(path string, samples []sample) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	rows := [][]string{columns}
	for _, s := range samples {
		var row []string
		for _, x := range []float64{
			s.at.Seconds(), s.rss, s.fds, s.goroutines, s.requests, s.errors, s.p50, s.p99, s.worst,
		} {
			row = append(row, strconv.FormatFloat(x, 'f', 3, 64))
		}
		rows = append(rows, row)
	}
	if err := csv.NewWriter(f).WriteAll(rows); err != nil {
		return err
	}
	return f.Close()
}
