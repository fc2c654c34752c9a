package proxy

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/call"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
	"magent/internal/stats"
)

// answerStats answers a client of a pool that asks for figures (session.Options). It runs on the client's loop.
func (svc *Service) answerStats(sh *session.Shard, p *pool.Pool, c *call.Call, what string) {
	switch what {
	case "settings":
		process := svc.process()
		c.Answer(stats.AppendSettings(nil, &process))
		return
	case "fleet":
		if svc.fleet == nil {
			c.Answer([]byte("ERROR\r\n")) // as for what nobody knows
		} else {
			c.Answer(stats.AppendFleet(nil, svc.fleet()))
		}
		return
	}
	sh.L.SendTo(svc.shards[0].L, &statsRound{svc: svc, call: c, what: what, pool: p, home: sh})
}

// Figures returns the figures of the whole process. It is called beside the loops.
func (svc *Service) Figures(ctx context.Context) (stats.Process, stats.Snapshot, error) {
	done := make(chan *statsRound, 1)
	svc.shards[0].L.Post(&statsRound{svc: svc, done: done})
	select {
	case q := <-done:
		return q.process, q.sum, nil
	case <-ctx.Done():
		return stats.Process{}, stats.Snapshot{}, fmt.Errorf("the loops do not answer: %w", ctx.Err())
	}
}

// Run is called by one loop after the other, and finally where the round began.
func (q *statsRound) Run() {
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
		sh.Reset()
	} else {
		q.sum.Add(sh.Snapshot())
		if q.pool != nil {
			q.pool.Peers[q.next].AddHot(&q.hot)
		}
	}
	if q.next++; q.next < len(shards) {
		sh.L.SendTo(shards[q.next].L, q)
		return
	}
	q.sum.Measure()
	q.process = q.svc.process()
	if q.done != nil {
		q.done <- q
	} else {
		sh.L.SendTo(q.pool.Loop.L, q)
	}
}

func (q *statsRound) answer() {
	if info, found := strings.CutPrefix(q.what, "info "); found {
		sections, keyspace, _ := strings.Cut(info, "\n")
		q.answerInfo(strings.Fields(sections), keyspace)
		return
	}
	switch q.what {
	case "reset":
		q.call.Answer([]byte("RESET\r\n"))
	case "servers":
		q.call.Answer(stats.AppendServers(nil, time.Now(), q.svc.shared.Standby.Load(), &q.sum))
	case "hotkeys":
		q.call.Answer(stats.AppendHotKeys(nil, &q.hot, shownHotKeys))
	default:
		q.call.Answer(stats.AppendGeneral(nil, &q.process, &q.sum))
	}
}

// process returns a description of the process and its configuration.
func (svc *Service) process() stats.Process {
	var usage unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &usage)
	p := stats.Process{
		PID: os.Getpid(), Version: svc.group.Version, Release: svc.release, Now: time.Now(),
		Started:  svc.shared.Started,
		UserTime: time.Duration(usage.Utime.Nano()), SystemTime: time.Duration(usage.Stime.Nano()),
		Threads: len(svc.shards), MaxClients: svc.cfg.MaxClients, MaxValue: svc.cfg.MaxValue,
		Accepting: svc.group.Clients.Load() < int64(svc.cfg.MaxClients), Draining: svc.draining.Load(),
		JournalErrors: svc.journalErrors.Load(),
		Reloads:       uint64(svc.reloads), ReloadErrors: svc.reloadErrors.Load(),
	}
	if svc.fleet != nil {
		p.Fleet = svc.fleet()
	} else if svc.role != nil {
		p.VIP, p.Standby = svc.cfg.VIP.String(), svc.shared.Standby.Load()
	}
	for i := range svc.cfgs {
		c := svc.cfgs[i]
		if c == nil || c.Of != nil {
			continue
		}
		pool := stats.Pool{
			Name: c.Name, Distribution: c.Distribution, Hash: c.Hash, HashTag: c.HashTag, Ack: string(c.Ack),
			MaxValue: cmp.Or(c.MaxValue, svc.cfg.MaxValue), MaxClients: c.ClientConnections,
			Timeout: c.Timeout, ConnectTimeout: c.ConnectTimeout, FailureLimit: c.ServerFailureLimit,
			ProbeInterval: c.ProbeInterval, Auth: c.AuthFile != "", ServerAuth: c.ServerAuthFile != "",
			TLS: c.TLSCert != "", ServerTLS: c.ServerTLS,
			Listen: svc.AddrsOf(i), Moves: placement.Ejects(c),
		}
		p.Pools = append(p.Pools, pool)
	}
	return p
}
