// Package standing says whether keys may move to other servers, from what all loops know of those of now.
package standing

import (
	"errors"
	"fmt"
	"slices"

	"magent/failover"
	"magent/internal/placement"
	"magent/internal/pool"
)

// Keys that move are filled from their other copies, which also answer for them meanwhile. So a reload that moves keys
// needs complete copies. That is checked before anything is changed, and again while the loops stand still, because a
// server may have failed in between.

// Server is what all loops together know of one server.
type Server struct {
	Role, Address string
	Becomes       string         // its role afterwards; empty: it leaves the pool
	State         failover.State // Up: on all loops
	Missed        bool           // it has to be repaired
	Reached       bool           // a connection to it has stood, or a process before this one knew it
	// Late is set only while the loops stand still: it has requests to answer. So the reload will take it out of use
	// until they cannot come behind newer ones any more (pool.Inherit).
	Late bool
}

// Servers are those of a pool: primaries, then backups.
type Servers []Server

// Note adds what one loop knows of the servers of its part of the pool. becomes returns the role of an address in the
// configuration that replaces the pool's. It runs on that loop, or while the loop stands still.
func (s *Servers) Note(p *pool.Pool, becomes func(address string) string) {
	if *s == nil {
		*s = make(Servers, len(p.Conns))
	}
	for i := range *s {
		server, known := pool.ServerOf(p.Config, i), p.Health.Server(i)
		one := &(*s)[i]
		one.Role, one.Address, one.Becomes = server.Role, server.Address, becomes(server.Address)
		if one.State == failover.Up {
			one.State = known.State
		}
		one.Missed = one.Missed || p.Engine.Missed(i)
		one.Reached = one.Reached || p.Health.Reached(i)
	}
}

// NoteLate adds which servers owe answers. The loop stands still.
func (s Servers) NoteLate(p *pool.Pool) {
	for i := range s {
		s[i].Late = s[i].Late || p.Owes(i)
	}
}

// Strange reports whether no server of the pool was ever reached. Then none of them has a value of which a client
// knows that it is stored.
func (s Servers) Strange() bool {
	return !slices.ContainsFunc(s, func(one Server) bool { return one.Reached })
}

// restart is the way that is always open, and what it costs.
const restart = "or restart magent: that closes the connections of clients, and takes servers as they are, so flush " +
	"those that are new first"

// owes is said of a server that is late.
const owes = "has not answered all requests yet, and would not be used until it has: wait until it has, or see why " +
	"it hangs, %s"

// MayMove returns why keys may not move as m says while the servers are in these states; nil: they may. Keys may move
// among the servers of one role if the servers of the other role are used then and have all keys, or if all servers
// are up. Keys that move in both roles would have no copy left. That is allowed only if keys are placed in another
// way, so that no copy can be kept.
func MayMove(m *placement.Migration, servers Servers) error {
	if servers.Strange() {
		return nil
	}
	out := slices.IndexFunc(servers, func(s Server) bool { return s.State != failover.Up })
	late := slices.IndexFunc(servers, func(s Server) bool { return s.Late })
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
			"and %s %s is %v: wait until it is up, %s", servers[out].Role, servers[out].Address, servers[out].State,
			restart)
	case both:
		return fmt.Errorf("keys would move among the primaries and among the backups, and %s %s "+owes,
			servers[late].Role, servers[late].Address, restart)
	case slices.Contains(m.Backups, true):
		moving, staying = "backups", "primary"
	}
	for _, s := range servers {
		switch {
		case s.Becomes != staying:
		case s.State != failover.Up:
			return fmt.Errorf("keys would move among the %s, but %s %s, which has to answer for them meanwhile, is "+
				"%v: wait until it is up, %s",
				moving, s.Role, s.Address, s.State, restart)
		case s.Late:
			return fmt.Errorf("keys would move among the %s, but %s %s, which has to answer for them meanwhile, "+owes,
				moving, s.Role, s.Address, restart)
		case s.Missed && out >= 0:
			return fmt.Errorf("keys would move among the %s, but %s %s, which has to answer for them meanwhile, has "+
				"not got all of them, and %s %s is %v: wait until one of the two is complete, %s",
				moving, s.Role, s.Address, servers[out].Role, servers[out].Address, servers[out].State, restart)
		}
	}
	return nil
}
