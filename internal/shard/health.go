package shard

import (
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"magent/failover"
	"magent/internal/discover"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/probe"
	"magent/internal/stats"
)

// progressEvery is the time between two lines of the log about a server that is being filled.
const progressEvery = 10 * time.Second

// board brings together what the loops find out about the servers: it has an ejected server probed, tells all loops
// when it answers, and logs every change once, whatever the number of loops. It is called at changes only, never for a
// request, so it may lock.
type board struct {
	mu      sync.Mutex
	log     zerolog.Logger
	events  *events
	probers []*probe.Prober // by pool; nil: it was removed
}

// serverRecord is what the board knows of one server of a pool. It is that pool's alone: when a reload changes the pool, there
// are new ones.
type serverRecord struct {
	pool   string
	name   string
	role   string
	prober *probe.Prober
	server int // its index there
	away   int // loops that have ejected it
	since  time.Time
	warm   time.Time // when it was last said that it is being filled

	run      failover.Greeting // who it is, as a loop has heard last
	empty    time.Time         // when it held nothing in this run; zero: nobody knows of such a time
	doubtful failover.Identity // the run of which it was said that it may hold what is out of date
}

// addPool begins to keep book, and to probe, the servers of a pool, whose parts on all loops are given.
func (b *board) addPool(peers []*pool, servers *discover.Servers) {
	cfg := peers[0].cfg
	var records []*serverRecord
	var targets []probe.Target
	ping := probe.Memcached
	if cfg.Redis {
		ping = probe.Redis(cfg.RedisAuth)
	}
	for i := range len(cfg.Servers) + len(cfg.Backups) {
		a := placement.ServerAt(cfg, i)
		records = append(records, &serverRecord{pool: cfg.Name, name: a.String(), role: serverOf(cfg, i).Role, server: i})
		targets = append(targets, probe.Target{Find: servers.Finder(*a), Ping: ping})
	}
	opt := probe.Options{Interval: cfg.ProbeInterval, Timeout: cfg.ConnectTimeout}
	if placement.Ejects(cfg) {
		opt.Delay = cfg.ServerRetryTimeout
	}
	prober := probe.New(targets, opt, func(server int, at loop.Endpoint) { alive(peers, server, at) })
	for _, r := range records {
		r.prober = prober
	}
	for _, p := range peers {
		p.records = records
	}
	index := peers[0].index
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.probers) <= index {
		b.probers = append(b.probers, nil)
	}
	b.probers[index] = prober
}

// ejected is called by a loop that has just ejected a server because of err. It reports whether no other loop had.
func (b *board) ejected(r *serverRecord, err error) (first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r.away++
	if first = r.away == 1; first {
		r.since = time.Now()
		b.log.Warn().Str("server", r.name).Str("role", r.role).Str("state", failover.Ejected.String()).AnErr("reason", err).
			Msg("server ejected")
		b.note(r, "ejected", reasonOf(err))
	}
	r.prober.Ejected(r.server)
	return first
}

// note remembers what has become of a server.
func (b *board) note(r *serverRecord, what, reason string) {
	b.events.note(stats.Event{Pool: r.pool, Server: r.name, Role: r.role, What: what, Reason: reason})
}

func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// absent is called by a loop whose attempt to use an ejected server again has failed: it is probed on.
func (b *board) absent(r *serverRecord, err error) {
	b.log.Debug().Str("server", r.name).AnErr("reason", err).Msg("server answered a probe, but cannot be connected to")
	r.prober.Ejected(r.server)
}

// idle is called by a loop to which a server has closed a connection that was not in use.
func (b *board) idle(r *serverRecord) {
	b.log.Debug().Str("server", r.name).Msg("idle connection closed by the server: connecting again")
}

// moved is called by a loop that gives the connection to a server up, because it is somewhere else now.
func (b *board) moved(r *serverRecord, from loop.Endpoint, reason error) {
	b.note(r, "moved", fmt.Sprintf("from %v: %v", from, reason))
	b.log.Info().Str("server", r.name).Str("from", from.String()).AnErr("reason", reason).Msg("the server has moved: connecting anew")
}

// readmitted is called by a loop that uses a server again.
func (b *board) readmitted(r *serverRecord) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.away--; r.away == 0 {
		b.log.Info().Str("server", r.name).Str("role", r.role).Str("state", failover.Up.String()).
			Int64("away_ms", time.Since(r.since).Milliseconds()).Msg("server up")
		b.note(r, "up", "away for "+time.Since(r.since).Round(time.Millisecond).String())
	}
}

// warming is called by a loop that begins to fill a server. doubtful: what it holds has to be made good before.
func (b *board) warming(r *serverRecord, doubtful bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if now.Sub(r.warm) < progressEvery { // one line for all loops
		return
	}
	r.warm = now
	what, reason := "server came back empty: filling it from the other copies", "it came back empty"
	if doubtful {
		what, reason = "what the server holds may be out of date: replacing it from the other copies", "what it holds may be out of date"
	}
	b.log.Info().Str("server", r.name).Str("role", r.role).Str("state", failover.Warming.String()).Msg(what)
	b.note(r, "warming", reason)
}

// met is told by a loop what a server says of itself on a new connection. It returns how long ago the server was found to hold
// nothing, in the same run, by any loop; negative: it was not.
func (b *board) met(r *serverRecord, g failover.Greeting) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
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

// flushed is told by a loop that it has flushed a server.
func (b *board) flushed(r *serverRecord) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r.empty = time.Now()
}

// distrusted is called by a loop that has found another server at the address of one, and that it is not proven to be empty.
func (b *board) distrusted(r *serverRecord) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.doubtful == r.run.Identity { // one line for all loops
		return
	}
	r.doubtful = r.run.Identity
	b.log.Warn().Str("server", r.name).Str("role", r.role).Str("identity", r.run.Identity.String()).Int64("items", r.run.Items).
		Msg("another server answers at this address, or it was restarted, and it is not empty: what it holds is replaced, deleted or flushed before it is read")
	b.note(r, "another", fmt.Sprintf("it is not empty (%d items), and what it holds may be out of date", r.run.Items))
}

// unfillable is called by a loop to which a server came back empty that cannot be filled.
func (b *board) unfillable(r *serverRecord, reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := time.Now(); now.Sub(r.warm) >= progressEvery { // one line for all loops
		r.warm = now
		b.log.Warn().Str("server", r.name).Str("role", r.role).Str("reason", reason).
			Msg("server came back empty and is not filled: its keys are misses until they are written again")
		b.note(r, "not filled", reason)
	}
}

// removePool forgets a pool, and returns its prober, which is to be closed.
func (b *board) removePool(index int) *probe.Prober {
	b.mu.Lock()
	defer b.mu.Unlock()
	if index >= len(b.probers) {
		return nil
	}
	prober := b.probers[index]
	b.probers[index] = nil
	return prober
}

// alive is called by a prober: the server answers at an address. Parts of a pool that was removed or changed meanwhile do not
// connect any more.
func alive(peers []*pool, server int, at loop.Endpoint) {
	for _, p := range peers {
		p.sh.l.Post(loop.TaskFunc(func() { p.alive(server, at) }))
	}
}

func (b *board) close() {
	for _, p := range b.probers {
		if p != nil {
			p.Close()
		}
	}
}
