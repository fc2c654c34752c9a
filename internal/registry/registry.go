package registry

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"magent/failover"
	"magent/internal/access"
	"magent/internal/config"
	"magent/internal/discover"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/probe"
	"magent/internal/stats"
)

// Registry combines what the loops find out about the servers. It has ejected servers probed, tells all loops when one
// answers, and logs each change once. It is safe for use by several goroutines, and uses a mutex: it is called when a
// server changes its state, and for figures, never for a request. A server that goes and comes all the time gets few
// lines (calm.go).
type Registry struct {
	mu      sync.Mutex
	log     zerolog.Logger
	events  Events
	probers []*probe.Prober // by pool; nil: it was removed
}

// Record is what is known of one server of a pool. It belongs to one version of the pool: if a reload changes the
// pool, its servers get new records.
type Record struct {
	Pool   string
	Name   string // its address, as it is configured
	Role   string // primary or backup
	prober *probe.Prober
	server int       // its index in prober
	away   int       // the number of loops that have ejected it
	since  time.Time // when the first of them ejected it
	warm   time.Time // when it was last logged that the server is being filled, or cannot be

	run      failover.Greeting // what it told the last loop that connected to it
	empty    time.Time         // when it was last known to be empty in this run; zero: never
	doubtful failover.Identity // the run for which Distrusted has logged a line
	blamed   string            // why it cannot be used at present
	logged   string            // the same, as it was logged last
	told     time.Time         // when a change of that was logged in this absence; zero: never
	planned  bool              // this absence is because of a reload
	calm     calm              // bounds the lines of a server that goes and comes
	probe    stats.Check       // what came of the last probe
}

// New returns a registry without servers.
func New(log zerolog.Logger) *Registry { return &Registry{log: log} }

// Events returns the list of events of all servers.
func (reg *Registry) Events() *Events { return &reg.events }

// AddPool creates the records and the prober of the pool with the given index. alive is called by the prober's
// goroutines when a probe has found a server answering at an address. blame is called when a server that is out of
// use fails for another reason than before. The records are returned by the index of the server: primaries first, then
// backups. files say how they are spoken to.
func (reg *Registry) AddPool(
	index int, cfg *config.Pool, servers *discover.Servers, files *access.Files,
	alive func(server int, at loop.Endpoint), blame func(server int, err error),
) (records []*Record) {
	var targets []probe.Target
	for i := range len(cfg.Servers) + len(cfg.Backups) {
		a := placement.ServerAt(cfg, i)
		records = append(records, &Record{
			Pool: cfg.Name, Name: a.String(), Role: placement.RoleOf(cfg, i), server: i, calm: newCalm(),
		})
		ping := probe.Memcached(files.To(cfg, *a))
		if cfg.Redis {
			ping = probe.Redis(files.To(cfg, *a), cfg.RedisAuth)
		}
		targets = append(targets, probe.Target{Find: servers.Finder(*a, cfg), Ping: ping})
	}
	opt := probe.Options{Interval: cfg.ProbeInterval, Timeout: cfg.ConnectTimeout}
	if placement.Ejects(cfg) {
		opt.Delay = cfg.ServerRetryTimeout
	}
	opt.Failed = func(server int, err error, there bool) {
		reg.probed(records[server], err)
		if reg.failed(records[server], err, there) {
			blame(server, err)
		}
	}
	prober := probe.New(targets, opt, func(server int, at loop.Endpoint) {
		reg.probed(records[server], nil)
		alive(server, at)
	})
	for _, r := range records {
		r.prober = prober
	}
	reg.mu.Lock()
	defer reg.mu.Unlock()
	for len(reg.probers) <= index {
		reg.probers = append(reg.probers, nil)
	}
	reg.probers[index] = prober
	return records
}

// Undrained is why a server is out of use that an operator has let return.
type Undrained struct {
	Since int64 // when it was drained, in seconds since 1970; 0: it is not known
}

func (Undrained) Error() string { return "it has just been undrained" }

// Ejected is called by a loop that has just ejected a server because of err. planned means that this is no outage but
// follows from a reload. It reports whether this is the first loop to do so. Undrained is no failure, and false.
func (reg *Registry) Ejected(r *Record, err error, planned bool) (first bool) {
	var drained Undrained
	undrained := errors.As(err, &drained)
	reg.mu.Lock()
	defer reg.mu.Unlock()
	r.away++
	if first = r.away == 1; first {
		r.since, r.told, r.planned = time.Now(), time.Time{}, planned
		r.blamed, r.logged = reasonOf(err), reasonOf(err)
		r.calm.silent = false
		if drained.Since > 0 { // it was away all that time
			r.since = time.Unix(min(drained.Since, time.Now().Unix()), 0)
		}
	}
	switch {
	case first && undrained:
		first = false
	case first && !r.calm.begin(planned):
	case first && planned:
		reg.line(reg.log.Info(), r).AnErr("reason", err).
			Msg("after the reload the server is not read until it is repaired")
		reg.note(r, "reloaded", reasonOf(err))
	case first:
		reg.tell(r, err)
	}
	r.prober.Ejected(r.server)
	return first
}

// tell logs that a server is out of use.
func (reg *Registry) tell(r *Record, err error) {
	line := reg.line(reg.log.Warn(), r).Str("state", failover.Ejected.String()).AnErr("reason", err)
	reason := reasonOf(err)
	if n := r.calm.told(); n > 0 {
		line = line.Int("repeated", n)
		reason += fmt.Sprintf(" (and %d times more since the last such event)", n)
	}
	line.Msg("server ejected")
	reg.note(r, failover.Ejected.String(), reason)
}

// tellLate logs the present absence if it has not been told, and may be now.
func (reg *Registry) tellLate(r *Record, err error) {
	if r.away > 0 && r.calm.silent && r.calm.late() {
		r.logged, r.told = reasonOf(err), time.Now()
		reg.tell(r, err)
	}
}

// failed is called when a probe of a server that is out of use has failed. there means that the server was reached. It
// logs a reason that differs from the one before. Later changes in the same absence are logged every progressEvery. It
// reports whether the reason has changed.
func (reg *Registry) failed(r *Record, err error, there bool) (changed bool) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if r.away == 0 { // it is back meanwhile
		return false
	}
	text := err.Error()
	changed = r.blamed != text
	r.blamed = text
	if r.calm.silent {
		reg.tellLate(r, err)
		return changed
	}
	if r.logged == text || time.Since(r.told) < progressEvery {
		return changed
	}
	r.logged, r.told = text, time.Now()
	line := reg.line(reg.log.Warn(), r).Str("state", failover.Ejected.String()).AnErr("reason", err)
	if there {
		line.Msg("the ejected server is there, but cannot be used")
		reg.note(r, "refused", text)
	} else {
		line.Msg("the ejected server is out of use for another reason now")
		reg.note(r, "still out", text)
	}
	return changed
}

// probed notes what came of a probe.
func (reg *Registry) probed(r *Record, err error) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	r.probe = stats.NewCheck(time.Now(), err)
}

// Probed returns what came of the last probe of a server.
func (reg *Registry) Probed(r *Record) stats.Check {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	return r.probe
}

// line begins a line about a server.
func (reg *Registry) line(e *zerolog.Event, r *Record) *zerolog.Event {
	return e.Str("pool", r.Pool).Str("server", r.Name).Str("role", r.Role)
}

// note adds an event of a server to the list.
func (reg *Registry) note(r *Record, what, reason string) {
	reg.events.Note(stats.Event{Pool: r.Pool, Server: r.Name, Role: r.Role, What: what, Reason: reason})
}

func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Drained logs that an operator has drained a server, or, with ended, that it is undrained. Role is primary or backup.
func (reg *Registry) Drained(pool, role string, d config.Drain, ended bool) {
	by := d.Who()
	e := stats.Event{Pool: pool, Server: d.Server, Role: role, What: failover.Drained.String(), Reason: "by " + by}
	if d.Reason != "" {
		e.Reason += ": " + d.Reason
	}
	log := reg.log.Info().Str("pool", pool).Str("server", d.Server).Str("role", role)
	if ended {
		e.What, e.Reason = "undrained", "it had been drained "+e.Reason
		away := max(0, time.Now().Unix()-d.Since) // another member's clock may be ahead
		log.Int64("away_ms", 1000*away).
			Msg("server undrained: it is used again when it has what it missed")
	} else {
		log.Str("state", e.What).Str("by", by).Str("reason", d.Reason).
			Msg("server drained: it is used for nothing until it is undrained")
	}
	reg.events.Note(e)
}

// Absent is called by a loop that could not connect to a server although a probe had succeeded. Probing continues.
func (reg *Registry) Absent(r *Record, err error) {
	reg.mu.Lock()
	r.blamed = "" // the loop has a reason of its own
	reg.tellLate(r, err)
	reg.mu.Unlock()
	reg.line(reg.log.Debug(), r).AnErr("reason", err).Msg("server answered a probe, but cannot be connected to")
	r.prober.Ejected(r.server)
}

// Away is called by a loop that has tried again to connect to a server, without a probe. Probing continues.
func (reg *Registry) Away(r *Record) { r.prober.Ejected(r.server) }

// Idle is called by a loop when a server has closed a connection that was not in use.
func (reg *Registry) Idle(r *Record) {
	reg.line(reg.log.Debug(), r).Msg("idle connection closed by the server: connecting again")
}

// Broken is called by a loop when a connection that was in use has ended, which has not ejected the server.
func (reg *Registry) Broken(r *Record, err error) {
	reg.line(reg.log.Debug(), r).AnErr("reason", err).Msg("connection lost: connecting again")
}

// Moved is called by a loop that closes the connection to a server because the server has another address now.
func (reg *Registry) Moved(r *Record, from loop.Endpoint, reason error) {
	reg.note(r, "moved", fmt.Sprintf("from %v: %v", from, reason))
	reg.line(reg.log.Info(), r).Str("from", from.String()).AnErr("reason", reason).
		Msg("the server has moved: connecting anew")
}

// Readmitted is called by a loop that uses a server again. If it is the last one to do so, the server is up.
func (reg *Registry) Readmitted(r *Record) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if r.away--; r.away == 0 && !r.calm.silent {
		reg.line(reg.log.Info(), r).Str("state", failover.Up.String()).
			Int64("away_ms", time.Since(r.since).Milliseconds()).Msg("server up")
		reg.note(r, failover.Up.String(), "away for "+time.Since(r.since).Round(time.Millisecond).String())
	}
}

// Warming is called by a loop that begins to fill a server. doubtful means that the server is not empty, and that its
// values may be out of date.
func (reg *Registry) Warming(r *Record, doubtful bool) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	now := time.Now()
	if now.Sub(r.warm) < progressEvery { // one line for all loops
		return
	}
	r.warm = now
	what, reason := "server came back empty: filling it from the other copies", "it came back empty"
	if doubtful {
		what = "what the server holds may be out of date: replacing it from the other copies"
		reason = "what it holds may be out of date"
	}
	if r.planned {
		what = "the server gets the keys that moved to it from the other copies"
		reason = "keys moved to it"
	}
	reg.line(reg.log.Info(), r).Str("state", failover.Warming.String()).Msg(what)
	reg.note(r, failover.Warming.String(), reason)
}

// Met is called by a loop with the greeting of a server on a new connection. It returns how long ago any loop last
// found the server to be empty in this run; negative: no loop has.
func (reg *Registry) Met(r *Record, g failover.Greeting) time.Duration {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if !g.Continues(r.run) {
		r.empty = time.Time{}
	}
	if r.run = g; g.Items == 0 {
		r.empty = time.Now()
	}
	if r.empty.IsZero() {
		return -1
	}
	return time.Since(r.empty)
}

// Flushed is called by a loop that has flushed a server.
func (reg *Registry) Flushed(r *Record) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	r.empty = time.Now()
}

// Distrusted is called by a loop that has found another server, or another run of it, at the address, which may not be
// empty.
func (reg *Registry) Distrusted(r *Record) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if r.doubtful == r.run.Identity { // one line for all loops
		return
	}
	r.doubtful = r.run.Identity
	reg.line(reg.log.Warn(), r).Str("identity", r.run.Identity.String()).
		Int64("items", r.run.Items).
		Msg("another server answers at this address, or it was restarted, and it is not empty: " +
			"its keys are replaced, deleted or flushed before they are read")
	reg.note(r, "another",
		fmt.Sprintf("it is not empty (%d items), and what it holds may be out of date", r.run.Items))
}

// Unfillable is called by a loop when a server came back empty and cannot be filled from the other copies.
func (reg *Registry) Unfillable(r *Record, reason string) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if now := time.Now(); now.Sub(r.warm) >= progressEvery { // one line for all loops
		r.warm = now
		reg.line(reg.log.Warn(), r).Str("reason", reason).
			Msg("server came back empty and is not filled: its keys are misses until they are written again")
		reg.note(r, "not filled", reason)
	}
}

// RemovePool forgets a pool. It returns the pool's prober, which the caller must close, or nil.
func (reg *Registry) RemovePool(index int) *probe.Prober {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if index >= len(reg.probers) {
		return nil
	}
	prober := reg.probers[index]
	reg.probers[index] = nil
	return prober
}

// Close closes all probers.
func (reg *Registry) Close() {
	for _, p := range reg.probers {
		if p != nil {
			p.Close()
		}
	}
}
