package shard

import (
	"cmp"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"magent/ascii"
	"magent/backend"
	"magent/internal/stats"
	"magent/replicate"
)

// stats answers the stats command. What the figures of all loops are needed for is answered when all loops have
// reported; the others at once.
func (s *session) stats(r *ascii.Request) {
	switch what := string(firstWord(r.Args)); what {
	case "", "servers", "reset":
		s.sh.survey(s.call(), what)
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
// mailboxes, and ends where it has begun.
type survey struct {
	home *Shard
	call *replicate.Call
	what string
	next int // the loop that is asked now
	sum  stats.Snapshot
}

func (sh *Shard) survey(c *replicate.Call, what string) {
	q := &survey{home: sh, call: c, what: what}
	sh.l.SendTo(sh.svc.shards[0].l, q)
}

// Run is called by one loop after the other, and at last at home.
func (q *survey) Run() {
	shards := q.home.svc.shards
	if q.next == len(shards) {
		q.answer()
		return
	}
	sh := shards[q.next]
	if q.what == "reset" {
		sh.reset()
	} else {
		q.sum.Add(sh.snapshot())
	}
	q.next++
	sh.l.SendTo(q.home.orLoop(q.next).l, q)
}

// orLoop is loop i, or this one, where a round over the loops began, when there is no such loop.
func (sh *Shard) orLoop(i int) *Shard {
	if shards := sh.svc.shards; i < len(shards) {
		return shards[i]
	}
	return sh
}

func (q *survey) answer() {
	switch q.what {
	case "reset":
		q.call.Answer([]byte("RESET\r\n"))
	case "servers":
		q.call.Answer(stats.AppendServers(nil, &q.sum))
	default:
		p := q.home.svc.process()
		q.call.Answer(stats.AppendGeneral(nil, &p, &q.sum))
	}
}

// snapshot copies this loop's figures.
func (sh *Shard) snapshot() *stats.Snapshot {
	out := &stats.Snapshot{Counters: sh.count}
	for s := range sh.sessions {
		out.ActiveRequests += int64(s.pending)
	}
	for _, p := range sh.pools {
		if p == nil {
			continue // it was removed
		}
		cfg := p.cfg
		for i, c := range p.conns {
			n := c.Stats.Since(&p.shown[i].before)
			v := stats.Server{
				Pool: p.name, Address: c.Name(), Name: serverAt(cfg, i).Name, Role: "primary", State: p.health.Server(i).State.String(),
				Pending: c.Pending(), Requests: n.Requests, Replies: n.Replies,
				Errors: n.Errors, Timeouts: n.Timeouts, Ejections: p.shown[i].ejections,
				Connects: n.Connects, Sent: n.Sent, Received: n.Received,
				Latency:   time.Duration(n.Latency),
				DirtyKeys: p.engine.Dirty(i).Len(), Draining: c.Draining(),
				Identity: c.Identity().String(),
			}
			tally := p.engine.Tally(i)
			v.Repairs, v.Refills, v.Avoided, v.CasRefused = tally.Repairs, tally.Refills, tally.Avoided, tally.CasRefused
			if w := p.walks[i]; w != nil {
				v.RefillSeen, v.RefillAll, v.RefillLeft = w.scanned.Load(), w.total.Load(), w.left()
			}
			if i >= len(cfg.Servers) {
				v.Role = "backup"
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
			out.Servers = append(out.Servers, v)
		}
	}
	return out
}

// figures is what stats needs to know of a server beside what its connection counts. That count goes on at a reset,
// because the machine draws conclusions from it.
type figures struct {
	ejections uint64
	before    backend.Stats // what the connection had counted at the last reset
}

// reset sets to zero what stats reset does in memcached: the counters, not what is true at the moment.
func (sh *Shard) reset() {
	sh.count = stats.Counters{CurrConnections: sh.count.CurrConnections}
	for _, p := range sh.pools {
		if p == nil {
			continue
		}
		for i, c := range p.conns {
			p.shown[i] = figures{before: c.Stats}
			*p.engine.Tally(i) = replicate.Tally{}
		}
	}
}

// process describes the process and its configuration.
func (svc *Service) process() stats.Process {
	var usage unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &usage)
	p := stats.Process{
		PID: os.Getpid(), Version: svc.version, Now: time.Now(), Started: svc.started,
		UserTime: time.Duration(usage.Utime.Nano()), SystemTime: time.Duration(usage.Stime.Nano()),
		Threads: len(svc.shards), MaxClients: svc.cfg.MaxClients, MaxValue: svc.cfg.MaxValue,
		Accepting: svc.clients.Load() < int64(svc.cfg.MaxClients),
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
		}
		for _, ln := range svc.listeners {
			if ln.pool == i {
				pool.Listen = append(pool.Listen, ln.addr.String())
			}
		}
		p.Pools = append(p.Pools, pool)
	}
	return p
}
