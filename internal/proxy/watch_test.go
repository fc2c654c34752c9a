package proxy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/session"
	"magent/internal/stats"
	"magent/internal/testkit"
)

// What becomes of a server is remembered once, whatever the number of loops, with time, place and reason.
func TestEvents(t *testing.T) {
	r, _ := two(t, 1, 1)
	for id := range 2 {
		r.eventually(id, "connected", func(sh *session.Shard) bool { return sh.Pools[0].Conns[0].Ready() })
	}
	began := time.Now()
	r.servers[0].leave()
	for id := range 2 {
		r.eventually(id, "ejected", func(sh *session.Shard) bool { return !sh.Pools[0].Health.Usable(0) })
	}
	events := r.svc.Events()
	if len(events) != 1 {
		t.Fatalf("events: %+v", events)
	}
	e := events[0]
	if e.Pool != "main" || e.Server != r.servers[0].addr.String() || e.Role != "primary" || e.What != "ejected" ||
		e.Reason == "" || e.Time.Before(began.Add(-time.Second)) {
		t.Errorf("event: %+v", e)
	}
}

// A loop that stands still is named, however often it is asked, and is well again when it goes on.
func TestHung(t *testing.T) {
	r, _ := two(t, 1, 1)
	if hung := r.svc.Hung(t.Context()); hung != nil {
		t.Fatalf("hung: %v", hung)
	}
	release := make(chan struct{})
	r.svc.shards[1].L.Post(loop.TaskFunc(func() { <-release }))
	limit := 20 * time.Millisecond
	for range 3 {
		testkit.Eventually(t, "the other loop answers in time", func() error { // which a busy machine may prevent
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			hung := r.svc.Hung(ctx)
			if !slices.Contains(hung, 1) {
				t.Errorf("hung: %v", hung)
			} else if len(hung) > 1 {
				limit *= 2
				return fmt.Errorf("hung: %v", hung)
			}
			return nil
		})
	}
	close(release)
	if hung := r.svc.Hung(t.Context()); hung != nil {
		t.Errorf("hung: %v", hung)
	}
}

// What clients asked is counted by command and result, and timed; each loop tells of itself.
func TestOutcomes(t *testing.T) {
	r, p, b := pair(t, func(cfg *config.Config) { cfg.Pools[0].Timeout = time.Hour })
	c := r.client()
	c.say("get a\r\n")
	p.want("get a\r\n").answer(valueA)
	c.hear(valueA)
	c.say("get a\r\n")
	p.want("get a\r\n").answer(miss)
	c.hear(miss)
	c.say("set a 0 0 1\r\nx\r\n")
	p.want("set a 0 0 1\r\nx\r\n").answer("STORED\r\n")
	b.want("set a 0 0 1\r\nx\r\n").answer("STORED\r\n")
	c.hear("STORED\r\n")
	p.leave()
	r.eventually(0, "ejected", func(sh *session.Shard) bool { return !sh.Pools[0].Health.Usable(0) })
	c.say("get a\r\n")
	b.want("get a\r\n").answer(valueA)
	c.hear(valueA)
	b.leave()
	r.eventually(0, "ejected", func(sh *session.Shard) bool { return !sh.Pools[0].Health.Usable(1) })
	c.say("get a\r\n")
	c.line()
	_, s, err := r.svc.Figures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want stats.Outcomes
	want[stats.Get] = [stats.NumResults]uint64{stats.Hit: 2, stats.Miss: 1, stats.Error: 1}
	want[stats.Set] = [stats.NumResults]uint64{stats.OK: 1}
	if s.Outcomes != want || s.Failovers != 1 || s.Waited.Total() != 5 {
		t.Errorf("outcomes %v, failovers %d, answered %d", s.Outcomes, s.Failovers, s.Waited.Total())
	}
	if n := s.Servers[0].Waited.Total(); n != 3 {
		t.Errorf("%d replies of the primary are timed", n)
	}
	if len(s.Loops) != 1 || s.Loops[0].Clients != 1 || s.Loops[0].Turns == 0 || s.Loops[0].Busy == 0 {
		t.Errorf("loops: %+v", s.Loops)
	}
}

// The figures say that the service drains, and what could not be written.
func TestProcessOfOneThatDrains(t *testing.T) {
	r := start(t, 1, 0, nil)
	if p := r.svc.process(); p.Draining || p.JournalErrors != 0 {
		t.Errorf("at first: %+v", p)
	}
	r.svc.journalFailed(errors.New("no room"))
	r.svc.Drain()
	if p := r.svc.process(); !p.Draining || p.JournalErrors != 1 {
		t.Errorf("then: %+v", p)
	}
	events := r.svc.Events()
	if len(events) != 2 || events[0].What != "journal failed" || events[0].Reason != "no room" ||
		events[1].What != "draining" {
		t.Errorf("events: %+v", events)
	}
}
