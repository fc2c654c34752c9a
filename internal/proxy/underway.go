package proxy

import (
	"magent/internal/fault"
	"magent/internal/fence"
	"magent/internal/journal"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/underway"
)

// A process that was killed leaves in memory what it had under way (internal/underway). The one after it waits until
// nothing of that can reach a server any more (internal/fence). Then it copies these keys from the server whose word
// counted to the other one, by the same means as keys that a server has missed.

// inheritance is what earlier processes have left.
type inheritance struct {
	journal.Knowledge
	left *underway.Found // what the one that was killed had under way; nil: nobody knows, or it was not killed
	why  string          // why nobody knows
}

// openUnderway reads what the process before this one had under way, and makes the memory for this one. The old one
// stays until forgetUnderway.
func (svc *Service) openUnderway(known *inheritance) {
	for _, path := range known.Underway {
		found, err := underway.Read(path)
		switch {
		case err != nil:
			known.why = err.Error()
		case known.left == nil:
			known.left = found
		default:
			known.left.Add(found)
		}
	}
	switch {
	case known.why != "":
		known.left = nil
	case known.left == nil:
		known.why = "it did not keep it"
	case known.left.Overflow:
		known.why = "it was more than there was room for"
	}
	var err error
	svc.shared.Underway, err = underway.Create(max(1, svc.cfg.Threads), svc.place.Give)
	if err == nil {
		svc.inheritConns(known.left)
		err = svc.shared.Journal.Underway(append([]string{svc.shared.Underway.Path}, known.Underway...))
	}
	if err != nil {
		svc.log.Warn().AnErr("reason", err).
			Msg("what is being written cannot be kept in memory beyond the end of this process: after a crash " +
				"`magent verify --repair` has to compare the copies, when all servers are up")
	}
}

// inheritConns makes the fences of the servers to which the process before this one had connections. These are noted
// once more, in case this one is killed before they have ended.
func (svc *Service) inheritConns(left *underway.Found) {
	if left == nil || fault.Fence {
		return
	}
	fences := fence.NewSet()
	fences.Whole = !left.Unlisted
	addresses, numbers := map[string][]string{}, map[string][]int{}
	for name, conns := range left.Conns {
		server := pool.Named(name)
		n := svc.shared.Journal.Server(server)
		svc.shared.Underway.Name(n, name)
		for _, address := range conns {
			svc.shared.Underway.Past(n, address)
		}
		addresses[server.Address] = append(addresses[server.Address], conns...)
		numbers[server.Address] = append(numbers[server.Address], n)
	}
	for _, cfg := range svc.cfgs {
		for i := range len(cfg.Servers) + len(cfg.Backups) {
			at := *placement.ServerAt(cfg, i)
			name := at.String()
			if len(addresses[name]) == 0 || fences.Of(name) != nil {
				continue
			}
			fences.Add(name, fence.Options{
				Find: svc.shared.Servers.Finder(at, cfg), Addresses: addresses[name],
				Access:  svc.shared.Files.To(cfg, at),
				Timeout: cfg.ConnectTimeout, Wait: max(pool.DrainTime, cfg.Timeout) + pool.Quarantine,
				Over: func(o fence.Outcome) { svc.fenced(cfg.Name, name, numbers[name], o) },
			})
		}
	}
	svc.shared.Fences = fences
}

// fenced is called beside the loops when it is known whether a server still has connections of the process before
// this one. pool is the first that has the server.
func (svc *Service) fenced(pool, server string, numbers []int, o fence.Outcome) {
	for _, n := range numbers {
		svc.shared.Underway.Over(n)
	}
	if o == fence.Clear {
		return
	}
	svc.log.Warn().Str("pool", pool).Str("server", server).Str("connections", o.String()).
		Msg("it cannot be seen whether what the magent before this one was just writing has arrived: if it comes " +
			"late the copies differ; when all servers are up, `magent verify --repair` compares them")
}

// tellKilled logs what becomes of what the process before this one was just writing.
func (svc *Service) tellKilled(known *inheritance) {
	switch {
	case !known.Killed:
	case known.why != "":
		svc.log.Warn().Str("reason", known.why).
			Msg("the magent before this one was killed: what it was just writing may have reached one " +
				"copy only; when all servers are up, `magent verify --repair` compares them")
	default:
		svc.log.Info().Int("keys", len(known.left.Keys)).Int("flushes", len(known.left.Flushes)).
			Msg("the magent before this one was killed: the keys that it was just writing are made the same on both " +
				"copies")
	}
}

// unsettled adds to what the servers of a pool have missed the keys that were under way: they are dirty on the copy
// that did not lead. Where the journal knows that a copy has missed a key, it knows better. The result is the number
// of keys, by server.
func (svc *Service) unsettled(n int, left *underway.Found, missed []*journal.Missed) []int {
	added := make([]int, len(missed))
	if left == nil || fault.Underway {
		return added
	}
	cfg, engine := svc.cfgs[n], svc.shards[0].Pools[n].Engine
	dirty := make([]map[string]bool, len(missed))
	for i, m := range missed {
		dirty[i] = map[string]bool{}
		for _, key := range m.Keys {
			dirty[i][key] = true
		}
	}
	wrong := map[string]int{}
	for _, k := range left.Keys {
		server := pool.Named(k.Lead)
		p, b := engine.Pair([]byte(k.Key))
		if missed[p].All || missed[b].All || dirty[p][k.Key] || dirty[b][k.Key] ||
			!pool.Serves(cfg, svc.cfgs, server) {
			continue
		}
		// A backup that has begun to lead a key does so because the primary's copy is wrong.
		if _, known := wrong[k.Key]; !known {
			wrong[k.Key] = b
		}
		if placement.ServerAt(cfg, b).String() == server.Address {
			wrong[k.Key] = p
		}
	}
	for key, i := range wrong {
		missed[i].Keys = append(missed[i].Keys, key)
		added[i]++
	}
	return added
}

// forgetUnderway removes what earlier processes have left: everything is recorded again.
func (svc *Service) forgetUnderway(known *inheritance) {
	if len(known.Underway) == 0 {
		return
	}
	var now []string
	if svc.shared.Underway != nil {
		now = []string{svc.shared.Underway.Path}
	}
	if svc.shared.Journal.Underway(now) == nil {
		for _, path := range known.Underway {
			underway.Remove(path)
		}
	}
}
