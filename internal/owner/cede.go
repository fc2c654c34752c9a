package owner

import (
	"context"
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/member"
)

// cedeTime is how long handing over may take before a process ends all the same.
const cedeTime = 2 * time.Second

// Cede has another member decide from now on, where there is one. This process hands its requests to that one, so its
// clients notice nothing. It returns when nothing is decided here any more, or nobody else can.
func (f *Owner) Cede() {
	m := f.member.Load()
	if m == nil {
		return
	}
	ctx, cancel := context.WithTimeout(f.ctx, cedeTime)
	defer cancel()
	m.Do(func(c *core.Core, now time.Duration) { c.Cede(now) })
	for !ceded(ctx, m) {
		time.Sleep(poll)
	}
}

// Resume takes Cede back, for this process goes on.
func (f *Owner) Resume() {
	f.member.Load().Do(func(c *core.Core, now time.Duration) { c.Resume(now) })
}

// ceded asks the member whether it has come to an end. One that does not answer before ctx is done, or has failed, is
// not waited for.
func ceded(ctx context.Context, m *member.Member) bool {
	yes := false // read only if it was done
	return !m.Ask(ctx, func(c *core.Core, _ time.Duration) { yes = c.Ceded() }) || yes
}
