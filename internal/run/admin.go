package run

import (
	"context"
	"log"
	"os"

	"github.com/rs/zerolog"

	"magent/internal/admin"
	"magent/internal/stats"
	"magent/internal/status"
)

// Admin is where the process is watched.
type Admin struct {
	Addr     string // host:port; empty: nowhere
	Name     string // of the port, in the log
	Flag     string // what an error about it begins with
	Profiles bool   // /debug/pprof is there
	// Twemproxy has the port tell twemproxy's JSON at / and to connections that say nothing. The status page is elsewhere.
	Twemproxy bool
}

// watch is the port where an engine is watched, and what makes its pages. The zero value is none.
type watch struct {
	pages   *admin.Server
	sampler *status.Sampler
}

// open starts to answer whoever watches e.
func (a Admin) open(e *engine, program string, text zerolog.Logger) (w watch, err error) {
	if a.Addr == "" {
		return w, nil
	}
	errors := log.New(text, "", 0)
	w.sampler = status.NewSampler(status.Engine{Program: program, Figures: e.identified, Events: e.Events, Hung: e.Hung})
	pages := status.Options{Profiles: a.Profiles, Log: errors}
	o := admin.Options{Addr: a.Addr, Log: errors}
	if a.Twemproxy {
		pages.Bare, o.Silent = e.twemproxy, e.twemproxy
	}
	o.Handler = status.Pages(w.sampler, pages)
	if w.pages, err = admin.Listen(o); err != nil {
		w.sampler.Close()
	}
	return w, err
}

func (w watch) close() {
	if w.pages != nil {
		w.pages.Close()
		w.sampler.Close()
	}
}

// identified are the engine's figures, with the name of the machine.
func (e *engine) identified(ctx context.Context) (stats.Process, stats.Snapshot, error) {
	p, s, err := e.Figures(ctx)
	p.Host, _ = os.Hostname()
	return p, s, err
}

// twemproxy is the page of twemproxy's stats port, with the figures of the moment.
func (e *engine) twemproxy(ctx context.Context) ([]byte, error) {
	p, s, err := e.identified(ctx)
	if err != nil {
		return nil, err
	}
	return stats.AppendNutcracker(nil, &p, &s), nil
}
