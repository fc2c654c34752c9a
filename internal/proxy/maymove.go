package proxy

import (
	"fmt"
	"sync"

	"magent/internal/placement"
	"magent/internal/session"
	"magent/internal/standing"
)

// planMoves finds out which keys of pool i move.
func (r *reload) planMoves(i int) (err error) {
	r.origins[i] = placement.Origin(r.before, r.after, i)
	if r.origins[i] < 0 {
		return nil
	}
	r.moves[i], err = placement.MigrationOf(r.before[r.origins[i]], r.after[i], r.rings[i])
	return err
}

// checkMoves checks the moves of keys in pool i while the loops run.
func (r *reload) checkMoves(i int) error {
	if r.moves[i] == nil {
		return nil
	}
	var mu sync.Mutex
	var servers standing.Servers
	r.svc.onAll(func(sh *session.Shard) {
		mu.Lock()
		defer mu.Unlock()
		servers.Note(sh.Pools[r.origins[i]], r.after[i].RoleOf)
	})
	return standing.MayMove(r.moves[i], servers)
}

// settleMoves checks all moves of keys again while the loops stand still. In a pool of which no server was ever
// reached, nothing moves: its new servers are used as they are, as at the start. First backups are filled even then,
// because the primaries may have older keys.
func (r *reload) settleMoves() error {
	for i, m := range r.moves {
		if m == nil {
			continue
		}
		var servers standing.Servers
		for _, sh := range r.svc.shards {
			servers.Note(sh.Pools[r.origins[i]], r.after[i].RoleOf)
			servers.NoteLate(sh.Pools[r.origins[i]])
		}
		if err := standing.MayMove(m, servers); err != nil {
			return fmt.Errorf("pool %q: %w", r.after[i].Name, err)
		}
		if servers.Strange() && !m.First {
			r.moves[i] = nil
		}
	}
	return nil
}

// resume lets the pools continue unchanged that were held. The loops stand still.
func (r *reload) resume() {
	for _, sh := range r.svc.shards {
		for i, p := range sh.Pools {
			if p != nil && r.changed(i) {
				p.Held = false
			}
		}
		sh.Wake()
	}
}
