package run

import (
	"context"
	"time"

	"magent/internal/maintenance"
	"magent/internal/pause"
)

// How often the others are asked which servers are drained: often after the start, and then from time to time, for
// this process may have stood still since, or have been cut off.
const (
	learnFirst = 50 * time.Millisecond
	learnLast  = 5 * time.Second
)

// learn has this member know all that other members have been told about drained servers while it was away. It runs
// until ctx is done.
func (m *maintainer) learn(ctx context.Context, done func()) {
	defer done()
	all := m.together()
	for pauses := pause.NewBackoff(learnFirst, learnLast); pauses.Wait(ctx) == nil; {
		for _, name := range all.Members {
			if name != all.Self {
				m.learnOf(ctx, name)
			}
		}
	}
}

// learnOf asks one member. One that is away, or of an older version, is asked again later.
func (m *maintainer) learnOf(ctx context.Context, name string) {
	ask, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	if a, err := m.ask(ask, name, maintenance.Question{}); err == nil && len(a.Orders) > 0 {
		m.know(ctx, name, a.Orders)
	}
}

// know has orders carried out, between signals, that another member knows and this one does not.
func (m *maintainer) know(ctx context.Context, from string, told maintenance.List) {
	done := make(chan struct{})
	task := func(func() error) {
		defer close(done)
		switch news, err := m.proxy().Learn(told); {
		case err != nil:
			m.log.Error().Str("other", from).AnErr("reason", err).
				Msg("servers are drained on another member, or undrained, and cannot be here: it is tried again")
		case news:
			m.log.Info().Str("other", from).
				Msg("this member has learned from another one which servers are drained")
		}
	}
	select {
	case m.tasks <- task:
	case <-ctx.Done():
		return
	}
	select {
	case <-done:
	case <-ctx.Done(): // the process ends, and nobody may take tasks
	}
}
