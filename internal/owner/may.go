package owner

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/plan"
	"magent/internal/session"
	"magent/internal/standing"
)

// mayNow says why keys may not move to a pool just now, as far as this process decides for parts of the one that has
// them; nil: they may.
func (f *Owner) mayNow(s *plan.Successor, parts []int) error {
	for _, n := range parts {
		var mu sync.Mutex
		var servers standing.Servers
		f.o.OnAll(func(sh *session.Shard) {
			mu.Lock()
			defer mu.Unlock()
			if p := sh.Pools[n]; p.Term() != nil && !p.Term().Over() {
				servers.Note(p, s.Config.RoleOf)
			}
		})
		if err := mayMove(s, servers); err != nil {
			return fmt.Errorf("pool %q: %w", s.Config.Name, err)
		}
	}
	return nil
}

// mayMove is mayNow for servers; nil: of another member.
func mayMove(s *plan.Successor, servers standing.Servers) error {
	switch {
	case servers == nil:
		return nil
	case s.Moves != nil:
		return standing.MayMove(s.Moves, servers)
	}
	for _, one := range servers {
		if one.Missed && one.Becomes != "" && len(s.Config.Backups) == 0 {
			return fmt.Errorf("%s %s has missed something, and would lose the copy that it has to get it from: wait "+
				"until it is up", one.Role, one.Address)
		}
	}
	return nil
}

// reconsider gives a change up if keys must not move any more: pool i has finished what was under way, and a server
// may have failed meanwhile. It is called by transit.
func (f *Owner) reconsider(i int) {
	t := f.turn.Load()
	if t == nil {
		return
	}
	for _, s := range t.Changed() {
		if s.From < 0 || !slices.Contains(f.parts(s.From), i) {
			continue
		}
		if err := f.mayNow(s, []int{i}); err != nil {
			f.member.Load().Do(func(c *core.Core, now time.Duration) { c.Abandon(now, err.Error()) })
		}
	}
}
