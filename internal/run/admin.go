package run

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/rs/zerolog"

	"magent/internal/admin"
	"magent/internal/service"
	"magent/internal/stats"
	"magent/internal/status"
)

// Admin is where the process is watched.
type Admin struct {
	Addrs    []string // host:port, or the path of a unix socket; none: nowhere
	Name     string   // of the port, in the log
	Flag     string   // what an error about it begins with
	Profiles bool     // /debug/pprof is there
	// Twemproxy has the port tell twemproxy's JSON at / and to connections that say nothing. The status page is elsewhere.
	Twemproxy bool
}

// watch is where an engine is watched, and what makes its pages. The zero value is nowhere.
type watch struct {
	pages   []*admin.Server // each with places of its own: who floods one keeps nobody from the others
	sockets []*adminSocket
	sampler *status.Sampler
}

// bind takes all addresses, of which some were given. Nobody is answered there yet.
func (a Admin) bind(given []service.Socket) (w watch, err error) {
	for _, address := range a.Addrs {
		s, err := bindAdmin(address, given)
		if err != nil {
			w.close()
			return watch{}, fmt.Errorf("cannot listen on %s: %w", address, err)
		}
		w.sockets = append(w.sockets, s)
	}
	return w, nil
}

// open starts to answer whoever watches e, where w is bound. An error leaves w as it was.
func (a Admin) open(w *watch, e *engine, program string, text zerolog.Logger) error {
	if len(w.sockets) == 0 {
		return nil
	}
	errors := log.New(text, "", 0)
	w.sampler = status.NewSampler(status.Engine{Program: program, Figures: e.identified, Events: e.Events, Hung: e.Hung})
	pages := status.Options{Profiles: a.Profiles, Log: errors}
	o := admin.Options{Log: errors}
	if a.Twemproxy {
		pages.Bare, o.Silent = e.twemproxy, e.twemproxy
	}
	o.Handler = status.Pages(w.sampler, pages)
	for _, s := range w.sockets {
		ln, err := s.listener()
		if err != nil {
			return fmt.Errorf("cannot listen on %s: %w", s.address, err)
		}
		o.Listener = ln
		pages, err := admin.Listen(o)
		if err != nil {
			return err
		}
		w.pages = append(w.pages, pages)
	}
	return nil
}

// addrs are where it listens, with the ports that the kernel chose in place of 0.
func (w watch) addrs() (out []string) {
	for _, p := range w.pages {
		out = append(out, p.Addr())
	}
	return out
}

// given are the sockets that a process after an upgrade gets.
func (w watch) given() (out []service.Socket) {
	for _, s := range w.sockets {
		if s.FD >= 0 {
			out = append(out, s.Socket)
		}
	}
	return out
}

// leave is close, when another process goes on with the sockets.
func (w watch) leave() {
	for _, s := range w.sockets {
		s.leave()
	}
	w.close()
}

func (w watch) close() {
	for _, p := range w.pages {
		p.Close()
	}
	for _, s := range w.sockets {
		s.close()
	}
	if w.sampler != nil {
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
