package status

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"magent/internal/admin"
	"magent/internal/metrics"
)

const (
	lifeTime    = 2 * time.Second // a loop without a sign of life for this long hangs
	profileTime = 5 * time.Minute // maximum time for a profile
)

// Options select pages.
type Options struct {
	Profiles bool        // with /debug/pprof
	Log      *log.Logger // for errors in a scrape; nil: they are not logged
	// Bare answers /, if that is not the status page, for tools of twemproxy.
	Bare func(context.Context) ([]byte, error)
}

// Pages returns the handler for all pages.
func Pages(s *Sampler, o Options) http.Handler {
	page, policy := statusPage()
	show := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Referrer-Policy", "no-referrer")
		_, _ = w.Write(page)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", show)
	if o.Bare != nil {
		mux = http.NewServeMux()
		mux.HandleFunc("/{$}", bare(o.Bare))
		mux.HandleFunc("/stats", bare(o.Bare))
	}
	mux.HandleFunc("/status", show)
	mux.HandleFunc("/events", newStream(s).serve)
	mux.HandleFunc("/stats.json", s.serveReport)
	mux.HandleFunc("/livez", s.serveLife)
	mux.HandleFunc("/readyz", s.serveReadiness)
	mux.Handle("/metrics", metrics.Handler(s.Figures, o.Log))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "there is no such page", http.StatusNotFound)
	})
	if o.Profiles {
		addProfiles(mux)
	}
	return mux
}

// bare answers with JSON from text.
func bare(text func(context.Context) ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), lifeTime)
		defer cancel()
		line, err := text(ctx)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(line)
	}
}

// serveReport is /stats.json.
func (s *Sampler) serveReport(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), lifeTime)
	defer cancel()
	report, err := s.Report(ctx)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	_ = out.Encode(report)
}

// serveLife is /livez: every loop makes progress.
func (s *Sampler) serveLife(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), lifeTime)
	defer cancel()
	if hung := s.engine.Hung(ctx); len(hung) > 0 {
		numbers := strings.Trim(fmt.Sprint(hung), "[]")
		http.Error(w, fmt.Sprintf("event loop %s has not answered for %v", numbers, lifeTime),
			http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// serveReadiness is /readyz: new clients are accepted, and at least some keys can be served. The answer names keys
// that cannot be served, but is still positive. Other proxies could not serve these keys either. If it were negative,
// a partial failure would make all proxies leave their balancer at once.
func (s *Sampler) serveReadiness(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), lifeTime)
	defer cancel()
	report, err := s.Report(ctx)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	case report.Draining:
		http.Error(w, "draining", http.StatusServiceUnavailable)
	case !report.Serving:
		http.Error(w, "nothing is served\n"+strings.Join(report.Problems, "\n"), http.StatusServiceUnavailable)
	case len(report.Problems) > 0:
		fmt.Fprintln(w, "ok, but not for all keys\n"+strings.Join(report.Problems, "\n"))
	default:
		fmt.Fprintln(w, "ok")
	}
}

// addProfiles adds the pages for `go tool pprof`.
func addProfiles(mux *http.ServeMux) {
	slow := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			admin.Patiently(w, profileTime)
			h(w, r)
		}
	}
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", slow(pprof.Profile))
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", slow(pprof.Trace))
}
