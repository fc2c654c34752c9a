package proxy

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"magent/backend"
	"magent/internal/loop"
	"magent/internal/session"
)

// A handover is the end of a Service in favour of another process, which has its listening sockets already. Clients that come
// meanwhile wait in the queues of those. Only one of the two processes has requests under way at a time, so nothing is
// missed by a server without one of them knowing; what is known goes over through the journal.

// HandOver ends the service: what has arrived is served, then nothing is sent to servers any more and the journal is closed. Sessions
// remain until their clients have fetched their replies: Drain waits for them, then Close has to be called. An error means that the service goes on; its
// clients may have been sent away. One call at a time, and none beside Reload, Drain or Close.
func (svc *Service) HandOver() error {
	if err := svc.handsOver(); err != nil {
		return err
	}
	svc.draining.Store(true)
	svc.onAll(svc.yield)
	err := svc.awaitQuiet()
	release := svc.stopTheWorld()
	defer release()
	if err == nil {
		err = svc.losesNothing()
	}
	if err != nil {
		svc.draining.Store(false)
		for _, sh := range svc.shards {
			sh.L.Post(loop.TaskFunc(func() { svc.goOn(sh) }))
		}
		return err
	}
	svc.releaseAll()
	return nil
}

// handsOver asks the loops, before any client is sent away, what they would say in the end.
func (svc *Service) handsOver() error {
	release := svc.stopTheWorld()
	defer release()
	return svc.losesNothing()
}

// losesNothing says why a process that begins now would know too little. The loops stand still.
func (svc *Service) losesNothing() error {
	if svc.shared.Journal != nil {
		return nil
	}
	for _, sh := range svc.shards {
		for _, p := range sh.Pools {
			if p == nil || len(p.Config.Backups) == 0 {
				continue
			}
			for i := range p.Conns {
				if p.Engine.Missed(i) {
					return fmt.Errorf("server %s has not made good what it missed, and without --state-dir that would be forgotten: "+
						"wait until `stats servers` shows it as up", p.Conns[i].Name())
				}
			}
		}
	}
	return nil
}

// yield has nobody accepted any more, sends the clients away and stops what is done behind their backs.
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

// goOn takes everything back.
func (svc *Service) goOn(sh *session.Shard) {
	sh.Draining, sh.Yielding = false, false
	if sh.ID == 0 {
		for _, ln := range svc.listeners {
			ln.resume()
		}
	}
	for _, p := range sh.Pools {
		if p == nil {
			continue
		}
		p.Held = false
		p.Admit()
		p.Refill()
	}
	sh.Wake()
}

var errUnanswered = errors.New("requests are under way that no server answers")

// yieldTime is how long requests that have arrived may take to be begun: they have to wait while their client does not fetch
// its replies.
const yieldTime = 500 * time.Millisecond

// awaitQuiet waits until nothing is under way, and has nothing begin any more.
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
		for _, p := range sh.Pools {
			if p != nil {
				p.Held = true
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

// quiet reports whether nothing is under way; and, if sessions are to count, no request waits for its turn.
func (svc *Service) quiet(sessions bool) bool {
	var busy atomic.Bool
	svc.onAll(func(sh *session.Shard) {
		for _, p := range sh.Pools {
			if p != nil && !p.Engine.Idle() {
				busy.Store(true)
			}
		}
		if sessions && sh.Waiting() {
			busy.Store(true)
		}
	})
	return !busy.Load()
}

// releaseAll leaves everything to the other process. The loops stand still.
func (svc *Service) releaseAll() {
	for _, ln := range svc.listeners {
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
