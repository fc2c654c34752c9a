package verify

import (
	"context"
	"time"

	"magent/internal/pause"
)

// pacer spreads questions over time.
type pacer struct {
	rate int // in a second
	next time.Time
}

// wait returns when n more keys may be asked for, or with the reason why ctx is done.
func (p *pacer) wait(ctx context.Context, n int) error {
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	wait := p.next.Sub(now)
	p.next = p.next.Add(time.Duration(n) * time.Second / time.Duration(p.rate))
	return pause.For(ctx, wait)
}
