package pool

import (
	"bytes"
	"strings"
	"time"

	"magent/internal/config"
	"magent/internal/fleet/book"
	"magent/internal/fleet/core"
	"magent/internal/journal"
	"magent/internal/loop"
)

// A flush_all with a delay is carried out by the first loop when its time has come, as if a client had asked for it
// then. Until that has ended the journal has it, or all members of a fleet. So whoever begins with the pool carries it
// out: at its time, or first of all if that has passed.

const (
	flushPause = 10 * time.Millisecond // between two attempts to carry it out
	flushCheck = time.Hour             // between two looks at the clock of the machine, which may be set
)

// FlushDue implements repair.Host. It records the time first.
func (p *Pool) FlushDue(due int64) {
	switch {
	case p.flushDue == due:
		return
	case p.tenure != nil:
		e := book.Entry{Kind: book.Void, Due: due}
		p.tenure.term.Record(core.Record{Kind: core.Knowledge, Clears: true, Data: e.Encode()})
	case p.Loop.Journal != nil:
		p.Loop.Journal.Due(FlushesDue(p.Config, due, map[journal.Server]int64{}))
	}
	p.flushDue = due
	p.awaitFlush()
}

// RecallFlush is for the first loop's part of a pool that has just been made: a flush_all is to be carried out at due.
// The loops do not run yet, or stand still. If that time has passed, requests wait.
func (p *Pool) RecallFlush(due int64) {
	p.flushDue = due
	for _, q := range p.Peers {
		q.overdue = due > 0 && !time.Now().Before(time.Unix(due, 0))
	}
}

// Waits reports whether no new requests are accepted yet.
func (p *Pool) Waits() bool { return p.Held || p.overdue }

// DelayedFlush returns when the first loop is to carry out a flush_all, in seconds since 1970; 0: there is none.
func (p *Pool) DelayedFlush() int64 { return p.flushDue }

// awaitFlush has the first loop carry out the flush_all, or wait for its time. While it is carried out only its end
// counts (flushed). Requests wait no more when none is overdue: a client's may have replaced it.
func (p *Pool) awaitFlush() {
	switch left := time.Until(time.Unix(p.flushDue, 0)); {
	case p.Loop.ID > 0 || p.carried || p.Engine.Retired:
	case p.flushDue == 0:
		p.accept()
	case left > 0:
		p.accept()
		p.flushIn(min(left, flushCheck))
	case p.Loop.Yielding || p.Loop.Changing || p.Held:
		p.flushIn(flushPause)
	default:
		p.carried = true
		p.Loop.FlushDue(p.Index, p.flushDue, p.flushed)
	}
}

func (p *Pool) flushIn(wait time.Duration) {
	if p.flushing == nil {
		p.flushing = p.newTimer(p.awaitFlush)
	}
	p.Loop.L.Set(p.flushing, wait)
}

// flushed is told how the flush_all has ended. If the engine has not noted that (FlushDue), no server has got it, and
// it is tried again. If the pool has left, whoever has taken its place does that.
func (p *Pool) flushed(reply []byte) {
	if p.carried = false; p.Engine.Retired {
		return
	}
	if !bytes.HasPrefix(reply, []byte("OK")) {
		p.Loop.Log.Warn().Str("pool", p.Name).Str("reply", strings.TrimSpace(string(reply))).
			Msg("a flush_all with a delay was not carried out by all servers at its time")
	}
	if p.flushDue > 0 {
		p.flushIn(flushPause)
	} else {
		p.accept()
	}
}

// accept lets requests go on that have waited for a flush_all that was overdue.
func (p *Pool) accept() {
	if !p.overdue {
		return
	}
	for _, q := range p.Peers {
		q.Loop.L.Post(loop.TaskFunc(func() {
			q.overdue = false
			q.Loop.GoOn()
		}))
	}
}

// FlushesDue adds to all, for the journal, that the servers of a pool are to be flushed at due; 0: they are not.
func FlushesDue(cfg *config.Pool, due int64, all map[journal.Server]int64) map[journal.Server]int64 {
	for i := range len(cfg.Servers) + len(cfg.Backups) {
		all[ServerOf(cfg, i)] = due
	}
	return all
}

// Serves reports whether a pool is the one in which a server had this name. all are the pools that there are.
func Serves(cfg *config.Pool, all []*config.Pool, s journal.Server) bool {
	if cfg.Name == s.Pool || cfg.Of != nil && cfg.Of.Name == s.Pool {
		return cfg.At(s.Address)
	}
	for _, other := range all {
		if other != nil && other.Name == s.Pool && other.At(s.Address) {
			return false
		}
	}
	return cfg.At(s.Address)
}

// maxOverdue is for how long a time that has passed is kept. The servers were told of it, and have flushed themselves
// by then. What they have got since need not be lost.
const maxOverdue = time.Hour

// RecallFlushes tells each pool when it is to be flushed, by what the journal has of it, or of its servers in a pool
// that is gone; 0: it is not. The result is what the journal is to have now.
func RecallFlushes(
	now time.Time, pools []*config.Pool, known map[journal.Server]int64, tell func(n int, due int64),
) (all map[journal.Server]int64) {
	all = map[journal.Server]int64{}
	for s := range known {
		all[s] = 0
	}
	for n, cfg := range pools {
		due := int64(0)
		for s, at := range known {
			old := now.Sub(time.Unix(at, 0)) > maxOverdue
			if !old && !cfg.Redis && (cfg.Name == s.Pool || Serves(cfg, pools, s)) {
				due = max(due, at)
			}
		}
		tell(n, due)
		FlushesDue(cfg, due, all)
	}
	return all
}
