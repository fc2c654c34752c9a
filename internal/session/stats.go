package session

import (
	"magent/ascii"
	"magent/internal/stats"
)

// stats answers the stats command. What needs figures of all loops is answered when all loops have reported; the rest
// at once.
func (s *Session) stats(r *ascii.Request) {
	word, _ := ascii.NextKey(r.Args)
	switch what := string(word); what {
	case "", "servers", "reset", "hotkeys":
		s.work -= statsWork
		s.sh.group.Stats(s.sh, s.pool, &s.call().Call, what)
	case "settings", "fleet":
		s.sh.group.Stats(s.sh, s.pool, &s.call().Call, what)
	case "items", "slabs", "sizes", "conns": // a proxy has nothing to tell of these, but exporters ask
		s.say("END\r\n")
	default:
		s.say("ERROR\r\n")
	}
}

// Snapshot returns a copy of this loop's figures.
func (sh *Shard) Snapshot() *stats.Snapshot {
	out := &stats.Snapshot{}
	for s := range sh.all() {
		out.ActiveRequests += int64(s.pending)
	}
	busy := sh.L.Busy()
	clients := len(sh.sessions) - sh.links
	out.Loops = []stats.Loop{{Clients: clients, Turns: busy.Turns, Busy: busy.Total, Longest: busy.Longest}}
	out.Counters.Add(&sh.past)
	for _, p := range sh.Pools {
		if p == nil || p.Config.Of != nil || p.Coming {
			continue // it was removed, or counts in the whole pool, or is to come
		}
		count := p.Counts()
		out.Counters.Add(&count)
		out.Pools = append(out.Pools, count)
		out.Servers = append(out.Servers, p.AllFigures()...)
	}
	return out
}

// Reset sets the counters to zero that memcached resets upon stats reset. What describes the present moment stays.
func (sh *Shard) Reset() {
	sh.past = stats.Counters{}
	for _, p := range sh.Pools {
		if p == nil {
			continue
		}
		p.ResetFigures()
	}
}
