package shard

import (
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"magent/failover"
	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/stats"
)

// board brings together what the loops find out about the servers: it has an ejected server probed, tells all loops
// when it answers, and logs every change once, whatever the number of loops. It is called at changes only, never for a
// request, so it may lock.
type board struct {
	mu      sync.Mutex
	log     zerolog.Logger
	events  *events
	shards  []*Shard
	pools   [][]*serverRecord
	probers []*failover.Prober
}

// serverRecord is what the board knows of one server.
type serverRecord struct {
	pool  string
	name  string
	role  string
	away  int // loops that have ejected it
	since time.Time
	warm  time.Time // when it was last said that it is being filled
}

// addPool begins to keep book, and to probe, the servers of a pool.
func (b *board) addPool(index int, cfg *config.Pool, lookup lookupFunc) {
	var records []*serverRecord
	var targets []failover.Target
	ping := failover.Memcached
	if cfg.Redis {
		ping = failover.Redis(cfg.RedisAuth)
	}
	for i, a := range append(append([]config.Address(nil), cfg.Servers...), cfg.Backups...) {
		role := "primary"
		if i >= len(cfg.Servers) {
			role = "backup"
		}
		records = append(records, &serverRecord{pool: cfg.Name, name: a.String(), role: role})
		targets = append(targets, failover.Target{Find: finderOf(a, lookup), Ping: ping})
	}
	prober := failover.NewProber(targets, cfg.ProbeInterval, cfg.ConnectTimeout, func(server int, at loop.Endpoint) {
		b.alive(index, cfg, server, at)
	})
	if ejects(cfg) {
		prober.Delay(cfg.ServerRetryTimeout)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.pools) <= index {
		b.pools, b.probers = append(b.pools, nil), append(b.probers, nil)
	}
	b.pools[index], b.probers[index] = records, prober
}

// ejected is called by a loop that has just ejected a server because of err. It reports whether no other loop had.
func (b *board) ejected(pool, server int, err error) (first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.pools[pool][server]
	r.away++
	if first = r.away == 1; first {
		r.since = time.Now()
		b.log.Warn().Str("server", r.name).Str("role", r.role).Str("state", failover.Ejected.String()).AnErr("reason", err).
			Msg("server ejected")
		b.note(r, "ejected", reasonOf(err))
	}
	b.probers[pool].Ejected(server)
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
func (b *board) absent(pool, server int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log.Debug().Str("server", b.pools[pool][server].name).AnErr("reason", err).Msg("server answered a probe, but cannot be connected to")
	b.probers[pool].Ejected(server)
}

// idle is called by a loop to which a server has closed a connection that was not in use.
func (b *board) idle(pool, server int) {
	b.log.Debug().Str("server", b.name(pool, server)).Msg("idle connection closed by the server: connecting again")
}

// moved is called by a loop that gives the connection to a server up, because it is somewhere else now.
func (b *board) moved(pool, server int, from loop.Endpoint, reason error) {
	b.note(b.pools[pool][server], "moved", fmt.Sprintf("from %v: %v", from, reason))
	b.log.Info().Str("server", b.pools[pool][server].name).Str("from", from.String()).AnErr("reason", reason).Msg("the server has moved: connecting anew")
}

// readmitted is called by a loop that uses a server again.
func (b *board) readmitted(pool, server int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.pools[pool][server]
	if r.away--; r.away == 0 {
		b.log.Info().Str("server", r.name).Str("role", r.role).Str("state", failover.Up.String()).
			Int64("away_ms", time.Since(r.since).Milliseconds()).Msg("server up")
		b.note(r, "up", "away for "+time.Since(r.since).Round(time.Millisecond).String())
	}
}

// warming is called by a loop that begins to fill a server.
func (b *board) warming(pool, server int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.pools[pool][server]
	if now := time.Now(); now.Sub(r.warm) >= progressEvery { // one line for all loops
		r.warm = now
		b.log.Info().Str("server", r.name).Str("role", r.role).Str("state", failover.Warming.String()).
			Msg("server came back empty: filling it from the other copies")
		b.note(r, "warming", "it came back empty")
	}
}

// name is a server's name.
func (b *board) name(pool, server int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if pool >= len(b.pools) || server >= len(b.pools[pool]) {
		return "" // it was removed
	}
	return b.pools[pool][server].name
}

// removePool forgets a pool, and returns its prober, which is to be closed.
func (b *board) removePool(index int) *failover.Prober {
	b.mu.Lock()
	defer b.mu.Unlock()
	if index >= len(b.pools) {
		return nil
	}
	prober := b.probers[index]
	b.pools[index], b.probers[index] = nil, nil
	return prober
}

// alive is called by a prober: the server answers at an address.
func (b *board) alive(index int, cfg *config.Pool, server int, at loop.Endpoint) {
	for _, sh := range b.shards {
		sh.l.Post(loop.TaskFunc(func() {
			if p := sh.pools[index]; p != nil && p.cfg == cfg { // else it has been changed meanwhile
				p.alive(server, at)
			}
		}))
	}
}

func (b *board) close() {
	for _, p := range b.probers {
		if p != nil {
			p.Close()
		}
	}
}
