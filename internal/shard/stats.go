package shard

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"magent/ascii"
	"magent/internal/call"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/stats"
)

// stats answers the stats command. What the figures of all loops are needed for is answered when all loops have
// reported; the others at once.
func (s *session) stats(r *ascii.Request) {
	switch what := string(firstWord(r.Args)); what {
	case "", "servers", "reset", "hotkeys":
		s.work -= surveyWork
		s.sh.survey(s.pool, &s.call().Call, what)
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
	pool *pool.Pool // the client's, on its loop
	home *Shard     // that
	hot  stats.Hottest

	done    chan<- *survey
	reloads int           // how many there had been on the first loop: after another one it is begun anew
	process stats.Process // as of the last loop
}

// survey has all loops asked for what stats is to tell c, a client of a pool on this loop.
func (sh *Shard) survey(p *pool.Pool, c *call.Call, what string) {
	sh.L.SendTo(sh.svc.shards[0].L, &survey{svc: sh.svc, call: c, what: what, pool: p, home: sh})
}

// Figures gathers the figures of the whole process, for whoever asks beside the loops.
func (svc *Service) Figures(ctx context.Context) (stats.Process, stats.Snapshot, error) {
	done := make(chan *survey, 1)
	svc.shards[0].L.Post(&survey{svc: svc, done: done})
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
		sh.L.SendTo(shards[0].L, q)
		return
	}
	if q.what == "reset" {
		sh.reset()
	} else {
		q.sum.Add(sh.snapshot())
		if q.pool != nil {
			q.hot.Add(&q.pool.Peers[q.next].Hot)
		}
	}
	if q.next++; q.next < len(shards) {
		sh.L.SendTo(shards[q.next].L, q)
		return
	}
	q.process = q.svc.process()
	if q.done != nil {
		q.done <- q
	} else {
		sh.L.SendTo(q.pool.Loop.L, q)
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
	busy := sh.L.Busy()
	out.Loops = []stats.Loop{{Clients: len(sh.sessions), Turns: busy.Turns, Busy: busy.Total, Longest: busy.Longest}}
	out.Counters.Add(&sh.past)
	for _, p := range sh.Pools {
		if p == nil {
			continue // it was removed
		}
		out.Counters.Add(&p.Count)
		out.Pools = append(out.Pools, p.Count)
		for i := range p.Conns {
			out.Servers = append(out.Servers, p.Figures(i))
		}
	}
	return out
}

// reset sets to zero what stats reset does in memcached: the counters, not what is true at the moment.
func (sh *Shard) reset() {
	sh.past = stats.Counters{}
	for _, p := range sh.Pools {
		if p == nil {
			continue
		}
		p.ResetFigures()
	}
}

// process describes the process and its configuration.
func (svc *Service) process() stats.Process {
	var usage unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &usage)
	p := stats.Process{
		PID: os.Getpid(), Version: svc.version, Release: svc.release, Now: time.Now(), Started: svc.shared.Started,
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
