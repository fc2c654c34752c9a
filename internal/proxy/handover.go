package proxy

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"magent/backend"
	"magent/internal/loop"
	"magent/internal/session"
)

// A handover ends a Service in favour of another process, which already has its listening sockets. Clients that
// connect meanwhile wait in the queues of these sockets. Only one of the two processes has requests under way at any
// time. So whatever a server misses is known to one of them, and the journal passes it on.

// HandOver ends the service. What has arrived is served; then nothing is sent to servers any more, and the journal is
// closed. Sessions remain until their clients have read their replies: Drain waits for them, then Close has to be
// called. If HandOver returns an error the service goes on, but its clients may have been sent away. There must be one
// call at a time, and none during Reload, Drain or Close.
func (svc *Service) HandOver() error {
	if err := svc.handsOver(); err != nil {
		return err
	}
	if svc.member != nil {
		svc.member.Cede()
	}
	svc.draining.Store(true)
	svc.onAll(svc.yield)
	err := svc.awaitQuiet()
	if err == nil && svc.member != nil {
		svc.member.Close() // the other process takes part in its place, and nothing is under way
	}
	release := svc.stopTheWorld()
	defer release()
	if err == nil {
		err = svc.losesNothing()
	}
	if err != nil {
		svc.draining.Store(false)
		if svc.member != nil {
			svc.member.Resume()
		}
		for _, sh := range svc.shards {
			sh.L.Post(loop.TaskFunc(func() { svc.goOn(sh) }))
		}
		return err
	}
	svc.releaseAll()
	return nil
}

// handsOver asks the loops in advance what they would say in the end, before any client is sent away.
func (svc *Service) handsOver() error {
	release := svc.stopTheWorld()
	defer release()
	return svc.losesNothing()
}

// losesNothing returns why a process that begins now would know too little; nil: it would not. The loops stand still.
func (svc *Service) losesNothing() error {
	if err := svc.forgetsDrained(); err != nil || svc.shared.Journal != nil {
		return err
	}
	for _, sh := range svc.shards {
		for _, p := range sh.Pools {
			if p == nil || len(p.Config.Backups) == 0 {
				continue
			}
			for i := range p.Conns {
				if p.Engine.Missed(i) {
					return fmt.Errorf("server %s still lacks what it missed, and without --state-dir that "+
						"would be forgotten: "+
						"wait until `stats servers` shows it as up, with dirty_keys 0", p.Conns[i].Name())
				}
			}
		}
	}
	return nil
}

// yield stops accepting, sends the clients away, and stops the work that no client asked for.
func (svc *Service) yield(sh *session.Shard) {
	sh.Draining, sh.Yielding = true, true
	if sh.ID == 0 {
		for _, ln := range svc.listeners {
			sh.L.Unset(ln.wake)
			sh.L.Watch(ln.fd, 0)
		}
	}
	for _, p := range sh.Pools {
		p.PauseRepair()
	}
	sh.SendAway()
}

// goOn undoes yield.
func (svc *Service) goOn(sh *session.Shard) {
	sh.Draining, sh.Yielding, sh.Still = false, false, false
	if sh.ID == 0 {
		for _, ln := range svc.listeners {
			ln.resume()
		}
	}
	for _, p := range sh.Pools {
		if p == nil {
			continue
		}
		p.Admit()
		p.Refill()
	}
	sh.Wake()
}

var errUnanswered = errors.New("requests are under way that no server answers")

// yieldTime limits how long requests that have arrived may take to begin. They wait while their client does not read
// its replies.
const yieldTime = 500 * time.Millisecond

// awaitQuiet waits until no request is under way, and prevents new ones.
func (svc *Service) awaitQuiet() error {
	limit := holdTime
	for _, cfg := range svc.cfgs {
		if cfg != nil {
			limit = max(limit, holdTime+cfg.ConnectTimeout+2*backend.MaxWait(cfg.Timeout))
		}
	}
	for begin := time.Now().Add(yieldTime); !svc.quiet(true) && time.Now().Before(begin); {
		time.Sleep(holdPoll)
	}
	svc.onAll(func(sh *session.Shard) {
		sh.Still = true // and not the pools: the owner of a fleet holds these, and may replace them meanwhile
		for _, p := range sh.Pools {
			if p != nil {
				p.Interrupt()
			}
		}
	})
	for deadline := time.Now().Add(limit); !svc.quiet(false); time.Sleep(holdPoll) {
		if time.Now().After(deadline) {
			return errUnanswered
		}
	}
	return nil
}

// quiet reports whether no request is under way, and, if sessions is set, that none waits for its turn.
func (svc *Service) quiet(sessions bool) bool {
	var busy atomic.Bool
	svc.onAll(func(sh *session.Shard) {
		for _, p := range sh.Pools {
			if p != nil && !p.Idle() {
				busy.Store(true)
			}
		}
		if sessions && sh.Waiting() {
			busy.Store(true)
		}
	})
	return !busy.Load()
}

// releaseAll closes what the other process takes over. The loops stand still.
func (svc *Service) releaseAll() {
	for _, ln := range slices.Concat(svc.listeners, svc.bound) {
		ln.given = true // its file is in use
	}
	for _, sh := range svc.shards {
		for _, p := range sh.Pools {
			if p != nil {
				p.Shut()
			}
		}
		sh.Stop()
	}
	svc.record()
	svc.closeJournal()
}
