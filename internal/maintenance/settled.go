package maintenance

import (
	"fmt"
	"slices"

	"magent/internal/config"
	"magent/internal/stats"
)

// A repair of all copies takes those of the primaries for right (package verify). That is wrong while a server is out
// of use or returns: what it missed, the other copies alone have.

// Settled finds the pools that have these servers, by their addresses, and says why the copies of one should not be
// repaired now. pool is one of them; empty: none of the pools has any of the servers.
func Settled(pools []Group, primaries, backups []string) (pool string, err error) {
	found := ""
	for _, g := range pools {
		has := func(address string) bool {
			return slices.ContainsFunc(g.Servers, func(s Server) bool { return s.Address == address })
		}
		switch {
		case !slices.ContainsFunc(primaries, has) && !slices.ContainsFunc(backups, has):
		case g.unknown(), sameRoles(g.Servers, primaries, backups):
			if err := g.unsettled(); err != nil {
				return g.Pool, err
			}
			found = g.Pool
		default:
			pool, err = g.Pool, fmt.Errorf("its pool %s has other primaries or backups: give the servers as it has "+
				"them, which `magent status` shows", g.Pool)
		}
	}
	if found != "" {
		return found, nil // another pool may have them in other roles
	}
	return pool, err
}

// unknown reports whether nobody who was asked knows all servers: then some may be missing from the list, too.
func (g *Group) unknown() bool {
	return slices.ContainsFunc(g.Servers, func(s Server) bool { return s.State == StateUnknown })
}

// sameRoles reports whether these are all primaries and all backups among the servers.
func sameRoles(servers []Server, primaries, backups []string) bool {
	for _, s := range servers {
		of := primaries
		if s.Role == "backup" {
			of = backups
		}
		if !slices.Contains(of, s.Address) {
			return false
		}
	}
	return len(servers) == len(primaries)+len(backups)
}

// StandsBy notes that who knows these servers does not know what they have missed: another machine has the address of
// --vip.
func (g *Group) StandsBy() {
	for i := range g.Servers {
		g.Servers[i].State, g.Servers[i].Up = stateStandsBy, false
	}
}

// unsettled says which server is not in use, or has missed something.
func (g *Group) unsettled() error {
	for _, s := range g.Servers {
		switch {
		case s.State == stats.StateDrained:
			return fmt.Errorf("pool %s: %s %s is drained: undrain it, and wait until it is up", g.Pool, s.Role,
				s.Address)
		case s.State == stateStandsBy:
			return fmt.Errorf("pool %s: it stands by, and does not know what servers have missed: ask the magent "+
				"that has the address of --vip", g.Pool)
		case s.State == StateUnknown:
			return fmt.Errorf("pool %s: nobody who was asked knows how %s %s is: wait until a member of the fleet "+
				"decides for its keys, and ask at the --admin-socket of any member", g.Pool, s.Role, s.Address)
		case !s.Up:
			return fmt.Errorf("pool %s: %s %s is %s: wait until it is up", g.Pool, s.Role, s.Address, s.State)
		case s.Missed:
			return fmt.Errorf("pool %s: %s %s has not got all that it missed: wait until `stats servers` shows 0 "+
				"dirty_keys there, and no not_filled", g.Pool, s.Role, s.Address)
		}
	}
	return nil
}

// Group returns what all members together know of the servers of a pool.
func (s *Seen) Group(cfg *config.Pool) Group {
	servers, _, moves := s.merged(cfg)
	return Group{cfg.Name, moves, servers}
}
