// Package pause lets goroutines outside the event loops wait: for a time, or between two attempts.
package pause

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// For waits for d. If ctx is done before, it returns the cause. It returns at once if d is not positive.
func For(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Backoff yields the pauses between attempts. It belongs to one goroutine.
type Backoff struct{ policy backoff.ExponentialBackOff }

// NewBackoff returns pauses that grow by half, from first to last. Each is up to a fifth longer at random, so that
// several proxies do not ask at the same moment.
func NewBackoff(first, last time.Duration) *Backoff {
	// The library varies an interval up and down: 1.1 by an eleventh is 1.0 to 1.2.
	return &Backoff{backoff.ExponentialBackOff{
		InitialInterval: first * 11 / 10, MaxInterval: last * 11 / 10, Multiplier: 1.5, RandomizationFactor: 1. / 11,
	}}
}

// Next returns the length of the next pause.
func (b *Backoff) Next() time.Duration { return b.policy.NextBackOff() }

// Wait waits for the next pause. If ctx is done before, it returns the cause.
func (b *Backoff) Wait(ctx context.Context) error { return For(ctx, b.Next()) }
