package shard

import (
	"errors"
	"slices"
	"time"

	"magent/failover"
	"magent/internal/registry"
)

// errInherited is why a server is out of use after a reload.
var errInherited = errors.New("it had not made good everything before the reload")

// inherit takes over what the pool before, which has left, knows of servers that stay: nothing when there is none, or when its
// servers were of another kind.
func (p *pool) inherit(before *pool) {
	if before == nil || before.cfg.Redis != p.cfg.Redis {
		return
	}
	for i := range p.conns {
		server := serverOf(p.cfg, i)
		n := slices.IndexFunc(before.records, func(r *registry.Record) bool { return r.Role == server.Role && r.Name == server.Address })
		if n >= 0 {
			p.inheritServer(i, before, n)
		}
	}
}

// inheritServer takes over what the pool before knows of server n, which is server i now.
func (p *pool) inheritServer(i int, before *pool, n int) {
	was, d := before.health.Server(n), before.engine.Dirty(n)
	p.health.Remember(i, before.health.Last(n, before.conns[n].Stats.Replies), before.health.Reached(n))
	incomplete := before.engine.Incomplete(n)
	moved := before.moved[n]
	away := was.State != failover.Up || before.conns[n].Draining() > 0 || before.cutOff[n] || moved != nil
	if !away && d.Empty() && !incomplete {
		return
	}
	var keys []string
	d.Each(func(key string, _ uint64) { keys = append(keys, key) })
	p.takeOut(i, errInherited)
	p.recalled[i] = true // lost connections may not have ended
	if p.sentBy[i] = before.sentBy[n]; before.conns[n].Draining() > 0 || before.cutOff[n] {
		p.sentBy[i] = time.Now()
	}
	p.engine.Recall(i, keys, d.All(), incomplete)
	if moved != nil { // it may still hold what is out of date
		p.moved[i] = moved
		p.engine.Distrust(i)
	}
}
