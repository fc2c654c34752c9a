package run

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"magent/internal/config"
	"magent/internal/control"
	"magent/internal/fleet/launch"
	"magent/internal/fleet/member"
	"magent/internal/journal"
	"magent/internal/registry"
	"magent/internal/service"
	"magent/internal/stats"
	"magent/internal/status"
)

// Witness configures a process that votes in a fleet and carries nothing.
type Witness struct {
	Fleet    *config.Fleet
	StateDir string
	Leave    time.Duration   // how long the others may take to do without it, at its end
	Process  service.Options // Run sets the fields that follow from the others
	Admin    Admin
}

// Clients of a witness are those that watch it.
const witnessClients = 64

// Run runs the process until it ends, and returns its exit code. An error means that it did not start.
func (w Witness) Run() (exit int, err error) {
	p := w.Process
	p.Clients, p.Sockets = witnessClients, w.Admin.paths()
	p.Ends = "leaving the fleet: it goes on without this vote; a second signal ends at once"
	var e *witness
	p.Start = func(log zerolog.Logger, _ int, given service.Given) (service.Engine, error) {
		var err error
		if e, err = w.start(log, given); err != nil {
			return nil, err
		}
		return e, nil
	}
	p.Started = func(log zerolog.Logger) string {
		self := w.Fleet.Members[w.Fleet.Self]
		line := log.Info().Str("version", service.Release()).Str("member", self.Name).
			Strs("addresses", []string{self.Address()})
		if addresses := e.watch.addrs(); len(addresses) > 0 {
			line.Str(w.Admin.Name, strings.Join(addresses, ","))
		}
		line.Msg(p.Program + " votes")
		return "votes at " + self.Address()
	}
	p.Hung = func(ctx context.Context) []int { return e.hung(ctx) }
	if w.Admin.Token != "" || len(p.Sockets) > 0 {
		p.Renew = func(log zerolog.Logger) error { return e.renew(log, w.Admin.Token != "") }
	}
	return service.Run(p)
}

// witness is the engine of such a process.
type witness struct {
	*member.Member
	log     zerolog.Logger
	state   *journal.Journal // it locks the state directory
	watch   watch
	started time.Time
	leave   time.Duration
	limits  string        // of the fleet
	leaving chan struct{} // closed when it leaves
	failed  chan error
	events  registry.Events
}

func (w Witness) start(log zerolog.Logger, given service.Given) (e *witness, err error) {
	e = &witness{
		log: log, started: time.Now(), leave: w.Leave, limits: w.Fleet.Limits(), leaving: make(chan struct{}),
		failed: make(chan error, 1),
	}
	watchers, _ := w.Admin.claim(given.Sockets)
	if e.watch, err = w.Admin.bind(watchers); err != nil {
		return nil, err
	}
	place := journal.Place{Dir: w.StateDir, Give: given.Give, Beside: given.Files}
	if e.state, _, err = journal.Open(place, nil); err != nil {
		e.watch.close()
		return nil, err
	}
	e.Member, err = launch.Open(launch.Options{
		Fleet: w.Fleet, Place: place, Log: log, Note: e.events.Note, Failed: func(err error) { e.failed <- err },
	})
	if err != nil {
		e.watch.close()
		e.state.Close()
		return nil, err
	}
	shown := status.Engine{Program: w.Process.Program, Figures: e.figures, Events: e.events.List, Hung: e.hung}
	if err := w.Admin.open(&e.watch, shown, nil, control.Engine{}, nil, log); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// renew reads the token again, if it is from a file, and binds anew the sockets whose files are gone.
func (e *witness) renew(log zerolog.Logger, files bool) error {
	useToken, err := e.watch.token.Read()
	if err != nil {
		return err
	}
	bound, err := e.watch.relisten()
	if err == nil && bound == 0 && !files {
		err = service.ErrNoFile
	}
	if err != nil {
		return err
	}
	tellBound(log, bound)
	useToken()
	return nil
}

// Drain leaves the fleet, so that nobody waits for this vote.
func (e *witness) Drain() {
	close(e.leaving)
	ctx, cancel := context.WithTimeoutCause(context.Background(), e.leave,
		fmt.Errorf("they did not answer for %v", e.leave))
	defer cancel()
	if err := e.Leave(ctx); err != nil {
		e.log.Warn().AnErr("reason", err).Msg("the other members do not know that this one has ended")
	}
}

// Close ends everything. The monitoring ends first, because it asks the member.
func (e *witness) Close() {
	e.watch.close()
	if err := e.Member.Close(); err != nil {
		e.log.Warn().AnErr("reason", err).Msg("the state of this member could not be closed")
	}
	_ = e.state.Close()
}

func (e *witness) Err() <-chan error  { return e.failed }
func (e *witness) Warnings() []string { return nil }

// hung gives the number of the one loop that there is, if it does not answer.
func (e *witness) hung(ctx context.Context) []int {
	if e.Answers(ctx) {
		return nil
	}
	return []int{0}
}

// figures are those of the process, and what it knows of the fleet.
func (e *witness) figures(context.Context) (stats.Process, stats.Snapshot, error) {
	var usage unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &usage)
	p := stats.Process{
		PID: os.Getpid(), Release: service.Release(), Now: time.Now(), Started: e.started,
		UserTime: time.Duration(usage.Utime.Nano()), SystemTime: time.Duration(usage.Stime.Nano()),
		Fleet: e.Figures(),
	}
	p.Fleet.Limits = e.limits
	p.Host, _ = os.Hostname()
	select {
	case <-e.leaving:
		p.Draining = true
	default:
	}
	return p, stats.Snapshot{}, nil
}
