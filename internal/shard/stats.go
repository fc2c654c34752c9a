package shard

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"magent/ascii"
	"magent/backend"
	"magent/internal/call"
	"magent/internal/placement"
	"magent/internal/stats"
	"magent/replicate/repair"
)

// stats answers the stats command. What the figures of all loops are needed for is answered when all loops have
// reported; the others at once.
func (s *session) stats(r *ascii.Request) {
	switch what := string(firstWord(r.Args)); what {
	case "", "servers", "reset", "hotkeys":
		s.work -= surveyWork
		s.pool.survey(&s.call().Call, what)
	case "settings":
		p := s.sh.svc.process()
		s.call().Answer(stats.AppendSettings(nil, &p))
	case "items", "slabs", "sizes", "conns": // a proxy has nothing to tell of these, but exporters ask
		s.say("END\r\n")
	default:
		s.say("ERROR\r\n")
	}
}

// survey asks all loops for their figures. It belongs to one loop at a time, one after the other, as a task of their
// mailboxes, and ends where it has begun: on a loop with a client's call, or beside the loops with the channel.
type survey struct {
	svc  *Service
	next int // the loop that is asked now
	sum  stats.Snapshot

	call *call.Call
	what string
	pool *pool // the client's, on its loop
	hot  stats.Hottest

	done    chan<- *survey
	reloads int           // how many there had been on the first loop: after another one it is begun anew
	process stats.Process // as of the last loop
}

// survey has all loops asked for what stats is to tell c.
func (p *pool) survey(c *call.Call, what string) {
	svc := p.sh.svc
	p.sh.l.SendTo(svc.shards[0].l, &survey{svc: svc, call: c, what: what, pool: p})
}

// Figures gathers the figures of the whole process, for whoever asks beside the loops.
func (svc *Service) Figures(ctx context.Context) (stats.Process, stats.Snapshot, error) {
	done := make(chan *survey, 1)
	svc.shards[0].l.Post(&survey{svc: svc, done: done})
	select {
	case q := <-done:
		return q.process, q.sum, nil
	case <-ctx.Done():
		return stats.Process{}, stats.Snapshot{}, fmt.Errorf("the loops do not answer: %w", ctx.Err())
	}
}

// Run is called by one loop after the other, and at last at home.
func (q *survey) Run() {
	shards := q.svc.shards
	if q.next == len(shards) {
		q.answer()
		return
	}
	sh := shards[q.next]
	switch {
	case q.next == 0:
		q.reloads = q.svc.reloads
	case q.reloads != q.svc.reloads: // figures of other pools must not be added to those that there are already
		q.next, q.sum, q.hot = 0, stats.Snapshot{}, stats.Hottest{}
		sh.l.SendTo(shards[0].l, q)
		return
	}
	if q.what == "reset" {
		sh.reset()
	} else {
		q.sum.Add(sh.snapshot())
		if q.pool != nil {
			q.hot.Add(&q.pool.peers[q.next].hot)
		}
	}
	if q.next++; q.next < len(shards) {
		sh.l.SendTo(shards[q.next].l, q)
		return
	}
	q.process = q.svc.process()
	if q.done != nil {
		q.done <- q
	} else {
		sh.l.SendTo(q.pool.sh.l, q)
	}
}

func (q *survey) answer() {
	switch q.what {
	case "reset":
		q.call.Answer([]byte("RESET\r\n"))
	case "servers":
		q.call.Answer(stats.AppendServers(nil, time.Now(), &q.sum))
	case "hotkeys":
		q.call.Answer(stats.AppendHotKeys(nil, &q.hot, shownHotKeys))
	case "info":
		q.answerInfo()
	default:
		q.call.Answer(stats.AppendGeneral(nil, &q.process, &q.sum))
	}
}

// shownHotKeys is how many of the hottest keys are told.
const shownHotKeys = 20

// snapshot copies this loop's figures.
func (sh *Shard) snapshot() *stats.Snapshot {
	out := &stats.Snapshot{}
	for s := range sh.sessions {
		out.ActiveRequests += int64(s.pending)
	}
	busy := sh.l.Busy()
	out.Loops = []stats.Loop{{Clients: len(sh.sessions), Turns: busy.Turns, Busy: busy.Total, Longest: busy.Longest}}
	out.Counters.Add(&sh.past)
	for _, p := range sh.pools {
		if p == nil {
			continue // it was removed
		}
		out.Counters.Add(&p.count)
		out.Pools = append(out.Pools, p.count)
		for i := range p.conns {
			out.Servers = append(out.Servers, p.figuresOf(i))
		}
	}
	return out
}

// figuresOf copies the figures of one server.
func (p *pool) figuresOf(i int) stats.Server {
	c, server := p.conns[i], placement.ServerAt(p.cfg, i)
	n, q, tally := c.Stats.Since(&p.shown[i].before), c.Queue(), p.engine.Tally(i)
	v := stats.Server{
		Pool: p.name, Address: c.Name(), Name: server.Name, RingName: server.RingName(), Role: "primary", Identity: c.Identity().String(),
		State: p.health.Server(i).State.String(), Pending: c.Pending(), Draining: c.Draining(), DirtyKeys: p.engine.Dirty(i).Len(),

		Requests: n.Requests, Replies: n.Replies, Errors: n.Errors, Timeouts: n.Timeouts,
		Connects: n.Connects, ConnectTimeouts: n.ConnectTimeouts, EOFs: n.EOFs, Failures: n.Failures,
		Sent: n.Sent, Received: n.Received, Latency: time.Duration(n.Latency), Waited: n.Waited,
		Ejections: p.shown[i].ejections, EjectedAt: p.shown[i].ejectedAt,
		Unsent: q.Unsent, UnsentBytes: q.UnsentBytes, Awaited: q.Awaited, AwaitedBytes: q.AwaitedBytes,
		Repairs: tally.Repairs, Refills: tally.Refills, Avoided: tally.Avoided, CasRefused: tally.CasRefused,
	}
	v.Stored = p.stored[i].Stored
	if w := p.walks[i]; w != nil {
		v.RefillSeen, v.RefillAll, v.RefillLeft = w.Progress()
	}
	if i >= len(p.cfg.Servers) {
		v.Role = "backup"
	}
	if !p.cfg.Redis && c.Asked() {
		v.Meta, v.Unfillable = c.Meta().String(), p.engine.Unfillable(i)
	}
	if p.engine.Dirty(i).All() {
		v.DirtyAll = 1
	}
	if c.Ready() {
		v.Connected = 1
	}
	if err := c.Err(); err != nil {
		v.LastError = err.Error()
	}
	return v
}

// figures is what stats needs to know of a server beside what its connection counts. That count goes on at a reset,
// because the machine draws conclusions from it.
type figures struct {
	ejections uint64
	ejectedAt int64         // when this loop ejected the server last, in microseconds since 1970
	before    backend.Stats // what the connection had counted at the last reset
}

// reset sets to zero what stats reset does in memcached: the counters, not what is true at the moment.
func (sh *Shard) reset() {
	sh.past = stats.Counters{}
	for _, p := range sh.pools {
		if p == nil {
			continue
		}
		p.count = stats.Counters{CurrConnections: p.count.CurrConnections}
		p.hot = stats.HotKeys{}
		for i, c := range p.conns {
			p.shown[i] = figures{before: c.Stats, ejectedAt: p.shown[i].ejectedAt}
			*p.engine.Tally(i) = repair.Tally{}
		}
	}
}

// process describes the process and its configuration.
func (svc *Service) process() stats.Process {
	var usage unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &usage)
	p := stats.Process{
		PID: os.Getpid(), Version: svc.version, Release: svc.release, Now: time.Now(), Started: svc.started,
		UserTime: time.Duration(usage.Utime.Nano()), SystemTime: time.Duration(usage.Stime.Nano()),
		Threads: len(svc.shards), MaxClients: svc.cfg.MaxClients, MaxValue: svc.cfg.MaxValue,
		Accepting: svc.clients.Load() < int64(svc.cfg.MaxClients), Draining: svc.draining.Load(), JournalErrors: svc.journalErrors.Load(),
		Reloads: uint64(svc.reloads), ReloadErrors: svc.reloadErrors.Load(),
	}
	for i := range svc.cfgs {
		c := svc.cfgs[i]
		if c == nil {
			continue
		}
		pool := stats.Pool{
			Name: c.Name, Distribution: c.Distribution, Hash: c.Hash, HashTag: c.HashTag, Ack: string(c.Ack),
			MaxValue: cmp.Or(c.MaxValue, svc.cfg.MaxValue), MaxClients: c.ClientConnections,
			Timeout: c.Timeout, ConnectTimeout: c.ConnectTimeout, FailureLimit: c.ServerFailureLimit, ProbeInterval: c.ProbeInterval,
			Listen: svc.AddrsOf(i), Moves: placement.Ejects(c),
		}
		p.Pools = append(p.Pools, pool)
	}
	return p
}
