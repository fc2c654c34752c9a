package proxy

import (
	"context"
	"errors"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// While another process is about to take over, new clients are not welcome; they are again when that fails.
func TestHandOverIsDraining(t *testing.T) {
	t.Parallel()
	r, p, _ := pair(t, func(cfg *config.Config) {
		cfg.Pools[0].Timeout, cfg.Pools[0].ConnectTimeout = 0, 3*time.Second
	})
	draining := func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
		defer cancel()
		process, _, err := r.svc.Figures(ctx)
		if err != nil {
			t.Error(err)
		}
		return process.Draining
	}
	c := r.client()
	c.say("get a\r\n")
	unanswered := testkit.Await(t, "the request", p.asked)
	if draining() {
		t.Fatal("it is draining")
	}
	ended := make(chan error, 1)
	go handOver(r.svc, ended)
	testkit.Until(t, "it hands over, and welcomes no clients", draining)
	if err := testkit.Await(t, "the end of it", ended); !errors.Is(err, errUnanswered) {
		t.Fatalf("got %v", err)
	}
	if draining() {
		t.Error("it goes on, and is draining")
	}
	unanswered.answer(valueA)
	c.hear(valueA)
}

func handOver(svc *Service, ended chan<- error) { ended <- svc.HandOver() }

// A member whose upgrade has failed goes on as before: it gets back what it is the home of. Meanwhile what it has
// begun to hand over is finished, and begins nothing.
func TestFleetHandOverFails(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 2, 2)
	pools := f.file(0)
	pools[0].Timeout, pools[0].ConnectTimeout = 0, 3*time.Second
	if err := f.svcs[0].Reload(pools); err != nil {
		t.Fatal(err)
	}
	key := f.keysOf(1)[0][0]
	f.set(key, "v")
	svc := f.svcs[0]
	f.servers[0].Pause()
	c := f.client(0)
	c.say("get " + key + "\r\n")
	r := &rig{t: t, svc: svc}
	r.eventually(0, "the request is under way", func(sh *session.Shard) bool { return !sh.Pools[0].Groups[0].Idle() })
	if err := svc.HandOver(); !errors.Is(err, errUnanswered) {
		t.Fatalf("got %v", err)
	}
	r.eventually(0, "what is being handed over begins nothing", func(sh *session.Shard) bool {
		return sh.Pools[0].Groups[0].Held && !sh.Still
	})
	before := svc.fleet().Epoch
	f.servers[0].Resume()
	c.hear("VALUE " + key + " 0 1\r\nv\r\nEND\r\n")
	testkit.Until(t, "it gets back what it has handed over", func() bool {
		return svc.fleet().Epoch > before && f.owners() == "a b"
	})
	f.set(key, "w")
	f.holds(f.pool.Backups[0], key, "w")
}
