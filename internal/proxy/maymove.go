package proxy

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"magent/failover"
	"magent/internal/config"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
)

// Keys that move are filled from their other copies, which also answer for them meanwhile. So a reload that moves keys
// needs complete copies. That is checked before anything is changed, and again while the loops stand still, because a
// server may have failed in between.

// standing is what all loops together know of one server.
type standing struct {
	role, address string
	becomes       string         // its role afterwards; empty: it leaves the pool
	state         failover.State // Up: on all loops
	missed        bool           // it has to be repaired
	reached       bool           // a connection to it has stood, or a process before this one knew it
	// late is set only while the loops stand still: it has requests to answer. So the reload will take it out of use
	// until they cannot come behind newer ones any more (pool.Inherit).
	late bool
}

// standings are those of a pool's servers: primaries, then backups.
type standings []standing

// note adds what one loop knows of the servers of its part of the pool. cfg is the configuration that replaces the
// pool's. It runs on that loop, or while the loop stands still.
func (s *standings) note(p *pool.Pool, after *config.Pool) {
	if *s == nil {
		*s = make(standings, len(p.Conns))
	}
	for i := range *s {
		server, known := pool.ServerOf(p.Config, i), p.Health.Server(i)
		one := &(*s)[i]
		one.role, one.address, one.becomes = server.Role, server.Address, after.RoleOf(server.Address)
		if one.state == failover.Up {
			one.state = known.State
		}
		one.missed = one.missed || p.Engine.Missed(i)
		one.reached = one.reached || p.Health.Reached(i)
	}
}

// noteLate adds which servers owe answers. The loop stands still.
func (s standings) noteLate(p *pool.Pool) {
	for i := range s {
		s[i].late = s[i].late || p.Owes(i)
	}
}

// strange reports whether no server of the pool was ever reached. Then none of them has a value of which a client
// knows that it is stored.
func (s standings) strange() bool {
	return !slices.ContainsFunc(s, func(one standing) bool { return one.reached })
}

// restart is the way that is always open, and what it costs.
const restart = "or restart magent: that closes the connections of clients, and takes servers as they are, so flush " +
	"those that are new first"

// owes is said of a server that is late.
const owes = "has not answered all requests yet, and would not be used until it has: wait until it has, or see why " +
	"it hangs, %s"

// mayMove returns why keys may not move as m says while the servers are in these states; nil: they may. Keys may move
// among the servers of one role if the servers of the other role are used then and have all keys, or if all servers
// are up. Keys that move in both roles would have no copy left. That is allowed only if keys are placed in another
// way, so that no copy can be kept.
func mayMove(m *placement.Migration, servers standings) error {
	if servers.strange() {
		return nil
	}
	out := slices.IndexFunc(servers, func(s standing) bool { return s.state != failover.Up })
	late := slices.IndexFunc(servers, func(s standing) bool { return s.late })
	both := slices.Contains(m.Primaries, true) && slices.Contains(m.Backups, true)
	switch {
	case both && !m.Rehashed:
		return errors.New("keys would move among the primaries and among the backups, " +
			"and those that move among both would be lost: change one of the two lists at a time, and wait until " +
			"all servers are up in between, " + restart)
	case out < 0 && late < 0:
		return nil
	}
	moving, staying := "primaries", "backup"
	switch {
	case both && out >= 0:
		return fmt.Errorf("keys would move among the primaries and among the backups, "+
			"and %s %s is %v: wait until it is up, %s", servers[out].role, servers[out].address, servers[out].state,
			restart)
	case both:
		return fmt.Errorf("keys would move among the primaries and among the backups, and %s %s "+owes,
			servers[late].role, servers[late].address, restart)
	case slices.Contains(m.Backups, true):
		moving, staying = "backups", "primary"
	}
	for _, s := range servers {
		switch {
		case s.becomes != staying:
		case s.state != failover.Up:
			return fmt.Errorf("keys would move among the %s, but %s %s, which has to answer for them meanwhile, is "+
				"%v: wait until it is up, %s",
				moving, s.role, s.address, s.state, restart)
		case s.late:
			return fmt.Errorf("keys would move among the %s, but %s %s, which has to answer for them meanwhile, "+owes,
				moving, s.role, s.address, restart)
		case s.missed && out >= 0:
			return fmt.Errorf("keys would move among the %s, but %s %s, which has to answer for them meanwhile, has "+
				"not got all of them, and %s %s is %v: wait until one of the two is complete, %s",
				moving, s.role, s.address, servers[out].role, servers[out].address, servers[out].state, restart)
		}
	}
	return nil
}

// planMoves finds out which keys of pool i move.
func (r *reload) planMoves(i int) (err error) {
	r.origins[i] = r.origin(i)
	if r.origins[i] < 0 {
		return nil
	}
	if r.moves[i], err = placement.MigrationOf(r.before[r.origins[i]], r.after[i], r.rings[i]); err != nil {
		return err
	}
	return r.checkShared(i)
}

// checkMoves checks the moves of keys in pool i while the loops run.
func (r *reload) checkMoves(i int) error {
	if r.moves[i] == nil {
		return nil
	}
	var mu sync.Mutex
	var servers standings
	r.svc.onAll(func(sh *session.Shard) {
		mu.Lock()
		defer mu.Unlock()
		servers.note(sh.Pools[r.origins[i]], r.after[i])
	})
	return mayMove(r.moves[i], servers)
}

// settleMoves checks all moves of keys again while the loops stand still. In a pool of which no server was ever
// reached, nothing moves: its new servers are used as they are, as at the start. First backups are filled even then,
// because the primaries may have older keys.
func (r *reload) settleMoves() error {
	for i, m := range r.moves {
		if m == nil {
			continue
		}
		var servers standings
		for _, sh := range r.svc.shards {
			servers.note(sh.Pools[r.origins[i]], r.after[i])
			servers.noteLate(sh.Pools[r.origins[i]])
		}
		if err := mayMove(m, servers); err != nil {
			return fmt.Errorf("pool %q: %w", r.after[i].Name, err)
		}
		if servers.strange() && !m.First {
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
