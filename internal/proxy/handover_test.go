package proxy

import (
	"context"
	"errors"
	"testing"
	"time"

	"magent/internal/config"
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
