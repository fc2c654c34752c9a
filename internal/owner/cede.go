package owner

import (
	"context"
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/view"
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
	for ; f.decides(m.View()) && m.Answers(ctx); time.Sleep(poll) {
		if !f.hasHeir(m.View()) {
			return
		}
	}
}

// decides reports whether this process decides for a group by a view.
func (f *Owner) decides(v *view.View) bool {
	for _, g := range v.Groups {
		if g.Owner == f.self() {
			return true
		}
	}
	return false
}

func (f *Owner) hasHeir(v *view.View) bool {
	for i := range v.Members {
		if m := &v.Members[i]; m.Name != f.self() && m.State == view.Alive && !m.Witness {
			return true
		}
	}
	return false
}
