package discover

import (
	"net"
	"time"

	"github.com/rs/zerolog"

	"magent/backend"
	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/placement"
)

// Options of Servers.
type Options struct {
	Lookup   LookupFunc    // nil: the system's
	Interval time.Duration // between two look-ups of a name that nobody has asked for; 0: there are none
	Log      zerolog.Logger

	// Found is told, by goroutines beside the loops, which addresses a server has now, unasked. server is its address as it is
	// configured. For a master that is given by its Sentinels askAgain is not nil: it has them asked once more, never blocks, and
	// may be called from any goroutine.
	Found func(server string, addrs []loop.Endpoint, askAgain func())
}

// Servers finds the servers of all pools that are given by name, or by their Sentinels. Its methods are called by one goroutine
// at a time, but for Finder and Check, which may be called from any.
type Servers struct {
	opt       Options
	resolvers map[resolverKey]*resolver
	watchers  []*sentinelWatcher // by pool; nil: it has no Sentinels, or was removed
}

// New makes Servers. Close ends what it has started.
func New(o Options) *Servers {
	if o.Lookup == nil {
		o.Lookup = net.DefaultResolver.LookupNetIP
	}
	return &Servers{opt: o, resolvers: map[resolverKey]*resolver{}}
}

// Finder returns what finds the addresses of a server, whether they are fixed or have to be looked up. It keeps no goroutine.
func (s *Servers) Finder(a config.Address) Finder { return finderOf(a, s.opt.Lookup) }

// Dialer returns what the connections of a loop to a server of a pool ask where that is. The look-ups are the same for all loops.
func (s *Servers) Dialer(a config.Address, cfg *config.Pool, l *loop.Loop) backend.Dialer {
	key := keyOf(a, cfg)
	r := s.resolvers[key]
	if r == nil {
		r = s.startResolver(a, key)
		s.resolvers[key] = r
	}
	return &dialer{l, r}
}

// Listen has the Sentinels of the pool with the index listened to, whose dialers are there, instead of those that it had; nil: the
// pool was removed. The function that it returns ends the listening to the ones before, and waits for that.
func (s *Servers) Listen(index int, cfg *config.Pool) (end func()) {
	for len(s.watchers) <= index {
		s.watchers = append(s.watchers, nil)
	}
	before := s.watchers[index]
	s.watchers[index] = nil
	if cfg != nil {
		s.watchers[index] = s.newSentinelWatcher(cfg)
	}
	return before.close
}

// Prune forgets the servers that none of the pools has any more; a pool may be nil. The function that it returns ends their
// look-ups, and waits for that.
func (s *Servers) Prune(pools []*config.Pool) (end func()) {
	used := map[resolverKey]bool{}
	for _, cfg := range pools {
		for i := 0; cfg != nil && i < len(cfg.Servers)+len(cfg.Backups); i++ {
			used[keyOf(*placement.ServerAt(cfg, i), cfg)] = true
		}
	}
	var unused []*resolver
	for key, r := range s.resolvers {
		if !used[key] {
			delete(s.resolvers, key)
			unused = append(unused, r)
		}
	}
	return func() {
		for _, r := range unused {
			r.close()
		}
	}
}

// Close ends everything, and waits for it. No connection may ask any more.
func (s *Servers) Close() {
	for _, w := range s.watchers {
		w.close()
	}
	for _, r := range s.resolvers {
		r.stop() // all at once
	}
	for _, r := range s.resolvers {
		r.close()
	}
}
