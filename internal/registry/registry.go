package registry

import (
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"magent/failover"
	"magent/internal/config"
	"magent/internal/discover"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/probe"
	"magent/internal/stats"
)

// progressEvery is the time between two lines of the log about a server that is being filled.
const progressEvery = 10 * time.Second

// Registry brings together what the loops find out about the servers: it has an ejected server probed, tells all loops
// when it answers, and logs every change once, whatever the number of loops. It is called at changes only, never for a
// request, so it may lock.
type Registry struct {
	mu      sync.Mutex
	log     zerolog.Logger
	events  Events
	probers []*probe.Prober // by pool; nil: it was removed
}

// Record is what is known of one server of a pool. It is that pool's alone: when a reload changes the pool, there
// are new ones.
type Record struct {
	Pool   string
	Name   string // its address, as it is configured
	Role   string // primary or backup
	prober *probe.Prober
	server int // its index there
	away   int // loops that have ejected it
	since  time.Time
	warm   time.Time // when it was last said that it is being filled

	run      failover.Greeting // who it is, as a loop has heard last
	empty    time.Time         // when it held nothing in this run; zero: nobody knows of such a time
	doubtful failover.Identity // the run of which it was said that it may hold what is out of date
}

// New begins with no server.
func New(log zerolog.Logger) *Registry { return &Registry{log: log} }

// Events are the last changes of state of the servers, and what else was noted.
func (reg *Registry) Events() *Events { return &reg.events }

// AddPool begins to keep book of, and to probe, the servers of the pool with the index. alive is called beside the loops when a
// probe has found a server answering at an address. The records are those of the servers, by index.
func (reg *Registry) AddPool(index int, cfg *config.Pool, servers *discover.Servers, alive func(server int, at loop.Endpoint)) (records []*Record) {
	var targets []probe.Target
	ping := probe.Memcached
	if cfg.Redis {
		ping = probe.Redis(cfg.RedisAuth)
	}
	for i := range len(cfg.Servers) + len(cfg.Backups) {
		a := placement.ServerAt(cfg, i)
		records = append(records, &Record{Pool: cfg.Name, Name: a.String(), Role: placement.RoleOf(cfg, i), server: i})
		targets = append(targets, probe.Target{Find: servers.Finder(*a), Ping: ping})
	}
	opt := probe.Options{Interval: cfg.ProbeInterval, Timeout: cfg.ConnectTimeout}
	if placement.Ejects(cfg) {
		opt.Delay = cfg.ServerRetryTimeout
	}
	prober := probe.New(targets, opt, alive)
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

// Ejected is called by a loop that has just ejected a server because of err. It reports whether no other loop had.
func (reg *Registry) Ejected(r *Record, err error) (first bool) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	r.away++
	if first = r.away == 1; first {
		r.since = time.Now()
		reg.log.Warn().Str("server", r.Name).Str("role", r.Role).Str("state", failover.Ejected.String()).AnErr("reason", err).
			Msg("server ejected")
		reg.note(r, "ejected", reasonOf(err))
	}
	r.prober.Ejected(r.server)
	return first
}

// note remembers what has become of a server.
func (reg *Registry) note(r *Record, what, reason string) {
	reg.events.Note(stats.Event{Pool: r.Pool, Server: r.Name, Role: r.Role, What: what, Reason: reason})
}

func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Absent is called by a loop whose attempt to use an ejected server again has failed: it is probed on.
func (reg *Registry) Absent(r *Record, err error) {
	reg.log.Debug().Str("server", r.Name).AnErr("reason", err).Msg("server answered a probe, but cannot be connected to")
	r.prober.Ejected(r.server)
}

// Idle is called by a loop to which a server has closed a connection that was not in use.
func (reg *Registry) Idle(r *Record) {
	reg.log.Debug().Str("server", r.Name).Msg("idle connection closed by the server: connecting again")
}

// Moved is called by a loop that gives the connection to a server up, because it is somewhere else now.
func (reg *Registry) Moved(r *Record, from loop.Endpoint, reason error) {
	reg.note(r, "moved", fmt.Sprintf("from %v: %v", from, reason))
	reg.log.Info().Str("server", r.Name).Str("from", from.String()).AnErr("reason", reason).Msg("the server has moved: connecting anew")
}

// Readmitted is called by a loop that uses a server again.
func (reg *Registry) Readmitted(r *Record) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if r.away--; r.away == 0 {
		reg.log.Info().Str("server", r.Name).Str("role", r.Role).Str("state", failover.Up.String()).
			Int64("away_ms", time.Since(r.since).Milliseconds()).Msg("server up")
		reg.note(r, "up", "away for "+time.Since(r.since).Round(time.Millisecond).String())
	}
}

// Warming is called by a loop that begins to fill a server. doubtful: what it holds has to be made good before.
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
		what, reason = "what the server holds may be out of date: replacing it from the other copies", "what it holds may be out of date"
	}
	reg.log.Info().Str("server", r.Name).Str("role", r.Role).Str("state", failover.Warming.String()).Msg(what)
	reg.note(r, "warming", reason)
}

// Met is told by a loop what a server says of itself on a new connection. It returns how long ago the server was found to hold
// nothing, in the same run, by any loop; negative: it was not.
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

// Flushed is told by a loop that it has flushed a server.
func (reg *Registry) Flushed(r *Record) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	r.empty = time.Now()
}

// Distrusted is called by a loop that has found another server at the address of one, and that it is not proven to be empty.
func (reg *Registry) Distrusted(r *Record) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if r.doubtful == r.run.Identity { // one line for all loops
		return
	}
	r.doubtful = r.run.Identity
	reg.log.Warn().Str("server", r.Name).Str("role", r.Role).Str("identity", r.run.Identity.String()).Int64("items", r.run.Items).
		Msg("another server answers at this address, or it was restarted, and it is not empty: what it holds is replaced, deleted or flushed before it is read")
	reg.note(r, "another", fmt.Sprintf("it is not empty (%d items), and what it holds may be out of date", r.run.Items))
}

// Unfillable is called by a loop to which a server came back empty that cannot be filled.
func (reg *Registry) Unfillable(r *Record, reason string) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if now := time.Now(); now.Sub(r.warm) >= progressEvery { // one line for all loops
		r.warm = now
		reg.log.Warn().Str("server", r.Name).Str("role", r.Role).Str("reason", reason).
			Msg("server came back empty and is not filled: its keys are misses until they are written again")
		reg.note(r, "not filled", reason)
	}
}

// RemovePool forgets a pool, and returns its prober, which is to be closed.
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

// Close ends all probes, and waits for them.
func (reg *Registry) Close() {
	for _, p := range reg.probers {
		if p != nil {
			p.Close()
		}
	}
}
