package call

import (
	"magent/backend"
	"magent/backend/ring"
	"magent/failover"
	"magent/internal/fault"
	"magent/internal/loop"
	"magent/internal/stats"
	"magent/internal/underway"
)

// Options configures Servers.
type Options struct {
	Hash      ring.HashFunc
	HashFour  ring.HashFour // nil: keys are hashed one after the other
	Primaries *ring.Ring
	Backups   *ring.Ring        // nil: a pool without backups
	Conns     []*backend.Conn   // by server: primaries first, then backups
	Health    *failover.Machine // counts the servers in the same way

	Underway *underway.Part // what is being changed, for the next process; nil: nobody wants to know

	Spare *loop.Spare // bounds the free lists of the loop together; nil: each list has its own bound
	Count *stats.Counters
	Hot   *stats.HotKeys // gets the keys of all requests

	// Relay: the one server is the owner of a fleet. What it answers is the answer, as that of a pool with backups.
	Relay bool

	// Revive is asked to connect to a server that is out of use, because a request needs it. It reports whether the
	// connection takes requests, which wait for it then. nil: no request can have a server connected.
	Revive func(server int) bool

	// CompatErrors: errors of the proxy's own are those of twemproxy, which programs compare.
	CompatErrors bool

	Strict bool // a violated invariant is a panic; for tests
}

// Servers are the servers of a pool on one loop, identified by their index, and the calls that are under way.
type Servers struct {
	Options
	NumPrimaries int  // servers with this index and above are backups
	Retired      bool // the pool was removed or replaced: every further request is answered with an error
	hashless     bool // each ring has only one server, so no hash is needed
	lent         int  // the number of Calls in use
}

// NewServers returns the servers of a pool.
func NewServers(opt Options) *Servers {
	s := &Servers{Options: opt, NumPrimaries: opt.Primaries.Len()}
	s.hashless = s.NumPrimaries == 1 && (opt.Backups == nil || opt.Backups.Len() == 1)
	return s
}

// Broken reports a violated invariant, which is a bug. It panics with Strict, with the race detector, and in builds
// whose guards can be switched off. Otherwise it counts, and the caller has to continue safely. what names the
// invariant.
func (s *Servers) Broken(what string, key []byte) {
	if fault.Strict || s.Strict {
		panic("inconsistent: " + what + ": key " + string(key))
	}
	s.Count.Inconsistencies++
}

// Partial reports whether the answer to a multi-get has what there is, where some servers cannot be asked.
func (s *Servers) Partial() bool { return s.Backups == nil && !s.Relay }

// Idle reports whether no call is under way.
func (s *Servers) Idle() bool { return s.lent == 0 }

// Reach reports whether requests may go to server i, which is connected again for them if it can be.
func (s *Servers) Reach(i int) bool { return s.Health.Usable(i) || s.Revive != nil && s.Revive(i) }

// ReachRead is Reach for requests that read.
func (s *Servers) ReachRead(i int) bool {
	return s.Health.Readable(i) || s.Revive != nil && s.Revive(i)
}

// SetPrimaries replaces the ring of the primaries, in a pool without backups, because a server was ejected or is back.
func (s *Servers) SetPrimaries(r *ring.Ring) { s.Primaries = r }

// Pair returns the primary and the backup of a key; b is -1 in a pool without backups. It may be called from any
// goroutine if SetPrimaries is never called for this pool.
func (s *Servers) Pair(key []byte) (p, b int) {
	if s.hashless {
		return s.PairOf(0)
	}
	return s.PairOf(s.Hash(key))
}

// PairOf is Pair for a key with this hash.
func (s *Servers) PairOf(hash uint32) (p, b int) {
	b = -1
	if s.Backups != nil {
		b = s.NumPrimaries + s.Backups.Pick(hash)
	}
	return s.Primaries.Pick(hash), b
}

// HashKeys sets hashes[i] to the hash of the i-th of so many keys.
func (s *Servers) HashKeys(hashes []uint32, key func(i int) []byte) {
	if s.hashless {
		clear(hashes)
		return
	}
	i, last := 0, len(hashes)-1
	for s.HashFour != nil && i < last {
		four := s.HashFour([4][]byte{key(i), key(i + 1), key(min(i+2, last)), key(min(i+3, last))})
		i += copy(hashes[i:], four[:])
	}
	for ; i <= last; i++ {
		hashes[i] = s.Hash(key(i))
	}
}

// PrimaryOf returns the primary of a key in the present ring.
func (s *Servers) PrimaryOf(key []byte) int { return s.Primaries.Pick(s.HashOf(key)) }

// HashOf returns what rings pick the server of a key by. As in twemproxy, that of an empty key is 0.
func (s *Servers) HashOf(key []byte) uint32 {
	if s.hashless || len(key) == 0 {
		return 0
	}
	return s.Hash(key)
}

// CopiesOf reports whether keys of server i may have their other copy on server j.
func (s *Servers) CopiesOf(i, j int) bool { return (i < s.NumPrimaries) != (j < s.NumPrimaries) }

// Full tells whether server i is usable but its connection is full. i < 0 stands for no server.
func (s *Servers) Full(i int) backend.Fullness {
	if i < 0 || !s.Health.Usable(i) {
		return backend.HasRoom
	}
	return s.Conns[i].Full()
}
