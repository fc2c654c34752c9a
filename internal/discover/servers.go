package discover

import (
	"magent/backend"
	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/placement"
)

// Servers finds the addresses of the servers of all pools. Only one goroutine at a time may call its methods, except
// Finder and Check, which any goroutine may call.
type Servers struct {
	opt       Options
	resolvers map[resolverKey]*resolver
	watchers  []*sentinelWatcher // by pool; nil: it was removed
	readers   map[*config.Pool]func(server int, read []loop.Endpoint)
}

// New returns Servers. The caller must close them.
func New(o Options) *Servers {
	if o.Lookup == nil {
		o.Lookup = lookUp
	}
	return &Servers{
		opt: o, resolvers: map[resolverKey]*resolver{}, readers: map[*config.Pool]func(int, []loop.Endpoint){},
	}
}

// Finder returns the Finder of a server of a pool, whose address may be fixed or may have to be looked up. It starts
// no goroutine.
func (s *Servers) Finder(a config.Address, cfg *config.Pool) Finder {
	if a.Network == "sentinel" {
		return newMaster(a, s.opt.Lookup, s.opt.Files.ToSentinels(cfg)).find
	}
	return hostFinder(a, s.opt.Lookup)
}

// Dialer returns the backend.Dialer for the connections of loop l to a server of a pool. All loops share the look-ups
// of a server.
func (s *Servers) Dialer(a config.Address, cfg *config.Pool, l *loop.Loop) backend.Dialer {
	key := s.opt.keyOf(a, cfg)
	r := s.resolvers[key]
	if r == nil {
		r = startResolver(a, key, &s.opt)
		s.resolvers[key] = r
	}
	return &dialer{l, r}
}

// Reads has tell called for a pool with read_from, from the next Listen on until that has ended: once a second for
// each server, with the replicas that may be read. Several goroutines call it. It must not change read.
func (s *Servers) Reads(cfg *config.Pool, tell func(server int, read []loop.Endpoint)) {
	if cfg.ReadFrom.Elsewhere() {
		s.readers[cfg] = tell
	}
}

// Listen starts to listen to the Sentinels of the pool with the given index; cfg is nil if the pool was removed. The
// dialers of its servers must exist. The result is a function that ends the listening for the previous configuration
// of the pool, and waits for that.
func (s *Servers) Listen(index int, cfg *config.Pool) (end func()) {
	for len(s.watchers) <= index {
		s.watchers = append(s.watchers, nil)
	}
	before := s.watchers[index]
	s.watchers[index] = nil
	if cfg != nil {
		w := newSentinelWatcher(cfg, s.masters(cfg), &s.opt)
		if tell := s.readers[cfg]; tell != nil {
			delete(s.readers, cfg)
			w.findReplicas(cfg, tell, &s.opt)
		}
		s.watchers[index] = w
	}
	return before.close
}

// masters returns the resolvers of a pool's masters, by the Sentinels that watch them.
func (s *Servers) masters(cfg *config.Pool) map[string][]*resolver {
	masters := map[string][]*resolver{}
	for _, a := range cfg.Servers {
		if a.Network != "sentinel" {
			continue
		}
		for _, sentinel := range a.SentinelHosts() {
			masters[sentinel] = append(masters[sentinel], s.resolvers[s.opt.keyOf(a, cfg)])
		}
	}
	return masters
}

// Prune forgets the servers that none of the pools contains any more; a pool may be nil. The result is a function that
// ends their look-ups, and waits for that.
func (s *Servers) Prune(pools []*config.Pool) (end func()) {
	used := map[resolverKey]bool{}
	for _, cfg := range pools {
		for i := 0; cfg != nil && i < len(cfg.Servers)+len(cfg.Backups); i++ {
			used[s.opt.keyOf(*placement.ServerAt(cfg, i), cfg)] = true
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

// Close ends all goroutines of s and waits for them. No connection may ask any more.
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
