package pause

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestFor(t *testing.T) {
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	for _, d := range []time.Duration{-1, 0, time.Millisecond} {
		began := time.Now()
		if err := For(ctx, d); err != nil || time.Since(began) < d {
			t.Errorf("%v: got %v after %v", d, err, time.Since(began))
		}
	}
	cancel(reason)
	for _, d := range []time.Duration{-1, 0, time.Hour} {
		if err := For(ctx, d); !errors.Is(err, reason) {
			t.Errorf("%v: got %v, want the cause", d, err)
		}
	}
	if err := NewBackoff(time.Hour, time.Hour).Wait(ctx); !errors.Is(err, reason) {
		t.Errorf("got %v, want the cause", err)
	}
}

// TestBackoffBounds checks that pauses grow by half up to the longest, and that each is up to a fifth longer at
// random.
func TestBackoffBounds(t *testing.T) {
	seen := make([]map[time.Duration]bool, 7)
	for range 200 {
		b := NewBackoff(100*time.Millisecond, 400*time.Millisecond)
		for n, least := range []float64{100, 150, 225, 337.5, 400, 400, 400} {
			d := b.Next()
			if ms := float64(d) / 1e6; ms < least-1e-5 || ms > least*6/5+1e-5 {
				t.Fatalf("pause %d: %v, want %v ms and up to a fifth more", n, d, least)
			}
			if seen[n] == nil {
				seen[n] = map[time.Duration]bool{}
			}
			seen[n][d] = true
		}
	}
	for n := range seen {
		if len(seen[n]) < 10 {
			t.Errorf("pause %d: no jitter", n)
		}
	}
	b := NewBackoff(time.Second, time.Second)
	for range 1_000_000 {
		if d := b.Next(); d < time.Second-10 || d > 1200*time.Millisecond+10 {
			t.Fatalf("after very many: %v", d)
		}
	}
}
