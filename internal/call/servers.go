package call

import (
	"magent/backend"
	"magent/failover"
	"magent/internal/fault"
	"magent/internal/loop"
	"magent/internal/stats"
)

// Options are the servers of a pool on one loop.
type Options struct {
	Hash      backend.HashFunc
	Primaries *backend.Ring
	Backups   *backend.Ring   // nil: a pool without backups
	Conns     []*backend.Conn // to the primaries, then to the backups; Health counts in the same way
	Health    *failover.Machine

	Spare *loop.Spare // what the free lists of the loop keep; nil: each list is alone
	Count *stats.Counters
	Hot   *stats.HotKeys // is told the keys of all requests

	Strict bool // what cannot be is a panic, not only counted: in tests
}

// Servers are the servers of a pool on one loop, by their index, and the calls that are under way there.
type Servers struct {
	Options
	NumPrimaries int  // servers from this index on are backups
	Retired      bool // the pool is removed, or replaced: every further request is answered with an error
	hashless     bool // no ring has a choice: the hash is not needed
	lent         int  // Calls that are in use
}

// NewServers returns the servers of a pool.
func NewServers(opt Options) *Servers {
	s := &Servers{Options: opt, NumPrimaries: opt.Primaries.Len()}
	s.hashless = s.NumPrimaries == 1 && (opt.Backups == nil || opt.Backups.Len() == 1)
	return s
}

// Broken is called when something is found that cannot be. Where that is looked for, it is the end: in tests, with
// the race detector, and where guards may be switched off. Otherwise it is counted, and the caller gives up what it
// concerns.
func (s *Servers) Broken(what string, key []byte) {
	if fault.Strict || s.Strict {
		panic("inconsistent: " + what + ": key " + string(key))
	}
	s.Count.Inconsistencies++
}

// Idle reports whether no call is under way.
func (s *Servers) Idle() bool { return s.lent == 0 }

// SetPrimaries replaces the ring of the primaries, in a pool without backups: one was ejected, or is back.
func (s *Servers) SetPrimaries(r *backend.Ring) { s.Primaries = r }

// Pair finds the primary and the backup of a key, by their index; b is -1 where there are no backups. In a pool
// whose ring is never replaced it may be called from any goroutine.
func (s *Servers) Pair(key []byte) (p, b int) {
	var h uint32
	if !s.hashless {
		h = s.Hash(key)
	}
	b = -1
	if s.Backups != nil {
		b = s.NumPrimaries + s.Backups.Pick(h)
	}
	return s.Primaries.Pick(h), b
}

// PrimaryOf is the primary of a key, as its ring has it now. Of an empty key the hash is 0, as in twemproxy.
func (s *Servers) PrimaryOf(key []byte) int {
	if s.hashless || len(key) == 0 {
		return s.Primaries.Pick(0)
	}
	return s.Primaries.Pick(s.Hash(key))
}

// CopiesOf reports whether keys of server i may have their other copy on server j.
func (s *Servers) CopiesOf(i, j int) bool { return (i < s.NumPrimaries) != (j < s.NumPrimaries) }

// Full reports whether server i is up but can take no more. No server: i < 0.
func (s *Servers) Full(i int) bool {
	return i >= 0 && s.Health.Usable(i) && s.Conns[i].Full()
}
