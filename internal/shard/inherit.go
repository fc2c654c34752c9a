package shard

import (
	"errors"
	"slices"

	"magent/backend"
	"magent/failover"
)

// inherited is what a loop knows of a server that stays.
type inherited struct {
	role, address string
	identity      backend.Identity
	keys          []string
	all           bool
	incomplete    bool
	away          bool
}

// knowledgeOf collects what the loops know of the servers of pool i: nothing when there are to be servers of another kind.
func (r *reload) knowledgeOf(i int) map[*Shard][]inherited {
	known := map[*Shard][]inherited{}
	if before, after := r.before[i], r.after[i]; before == nil || after == nil || before.Redis != after.Redis {
		return known
	}
	for _, sh := range r.svc.shards {
		if i >= len(sh.pools) || sh.pools[i] == nil {
			continue
		}
		p := sh.pools[i]
		for n := range p.conns {
			s, d := p.health.Server(n), p.engine.Dirty(n)
			server := serverOf(p.cfg, n)
			k := inherited{
				role: server.Role, address: server.Address, identity: s.Identity,
				all: d.All(), incomplete: p.engine.Incomplete(n), away: s.State != failover.Up || p.conns[n].Draining() > 0,
			}
			d.Each(func(key string, _ uint64) { k.keys = append(k.keys, key) })
			known[sh] = append(known[sh], k)
		}
	}
	return known
}

// errInherited is why a server is out of use after a reload.
var errInherited = errors.New("it had not made good everything before the reload")

// inherit takes over what is known of servers that were there before.
func (p *pool) inherit(old []inherited) {
	for i := range p.conns {
		server := serverOf(p.cfg, i)
		at := slices.IndexFunc(old, func(k inherited) bool { return k.role == server.Role && k.address == server.Address })
		if at < 0 {
			continue
		}
		k := old[at]
		p.health.Identify(i, k.identity)
		if !k.away && len(k.keys) == 0 && !k.all && !k.incomplete {
			continue
		}
		p.takeOut(i, errInherited)
		p.recalled[i] = true // lost connections may not have ended
		p.engine.Recall(i, k.keys, k.all, k.incomplete)
	}
}
