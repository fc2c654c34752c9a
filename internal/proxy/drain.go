package proxy

import (
	"sync"
	"time"

	"magent/internal/loop"
	"magent/internal/session"
	"magent/internal/stats"
)

// Drain stops accepting clients and reading requests. It returns when everything that was asked is answered and all
// clients are gone, or when Config.DrainTime is over.
func (svc *Service) Drain() {
	if svc.member != nil {
		svc.member.Cede()
		defer svc.member.Leave() // its clients have been served until then
	}
	svc.draining.Store(true)
	svc.shared.Registry.Events().Note(stats.Event{What: "draining"})
	var gone sync.WaitGroup
	gone.Add(len(svc.shards))
	for _, sh := range svc.shards {
		sh.L.Post(loop.TaskFunc(func() { svc.drain(sh, gone.Done) }))
	}
	done := make(chan struct{})
	svc.helpers.Add(1)
	go svc.awaitDrained(&gone, done)
	timer := time.NewTimer(svc.cfg.DrainTime)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		svc.log.Warn().Dur("after_ms",
			svc.cfg.DrainTime).Msg("clients did not fetch their replies in time: cutting them off")
		for _, sh := range svc.shards {
			sh.L.Post(loop.TaskFunc(sh.CutOff))
		}
		<-done
	}
}

// awaitDrained is a goroutine of Drain.
func (svc *Service) awaitDrained(gone *sync.WaitGroup, done chan<- struct{}) {
	defer svc.helpers.Done()
	gone.Wait()
	svc.awaitHandshakes()
	close(done)
}

// shakeTime limits how long the end of the process waits for handshakes. One with a client that is there takes
// milliseconds. Others may say nothing, and are idle clients.
const shakeTime = 200 * time.Millisecond

// awaitHandshakes lets clients that are just connecting by TLS finish their handshakes. They then read the end of the
// stream, as other idle clients do, and not that they cannot connect.
func (svc *Service) awaitHandshakes() {
	for end := time.Now().Add(svc.shakeTime); svc.shaking.Load() > 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// drain begins the end of a shard. It runs on its loop.
func (svc *Service) drain(sh *session.Shard, done func()) {
	if sh.ID == 0 {
		for _, ln := range svc.listeners {
			ln.close()
		}
	}
	sh.Drain(done)
}

// Events returns the last changes of state, the oldest first.
func (svc *Service) Events() []stats.Event { return svc.shared.Registry.Events().List() }
