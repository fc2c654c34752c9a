package pool

import (
	"errors"
	"slices"
	"time"

	"magent/failover"
	"magent/internal/registry"
)

// errInherited is why a server is out of use after a reload.
var errInherited = errors.New("it had not made good everything before the reload")

// Inherit takes over what the pool before, which has left, knows of servers that stay: nothing when there is none, or when its
// servers were of another kind.
func (p *Pool) Inherit(before *Pool) {
	if before == nil || before.Config.Redis != p.Config.Redis {
		return
	}
	for i := range p.Conns {
		server := ServerOf(p.Config, i)
		n := slices.IndexFunc(before.records, func(r *registry.Record) bool { return r.Role == server.Role && r.Name == server.Address })
		if n >= 0 {
			p.inheritServer(i, before, n)
		}
	}
}

// inheritServer takes over what the pool before knows of server n, which is server i now.
func (p *Pool) inheritServer(i int, before *Pool, n int) {
	was, d := before.Health.Server(n), before.Engine.Dirty(n)
	p.Health.Remember(i, before.Health.Last(n, before.Conns[n].Stats.Replies), before.Health.Reached(n))
	incomplete := before.Engine.Incomplete(n)
	moved := before.moved[n]
	away := was.State != failover.Up || before.Conns[n].Draining() > 0 || before.cutOff[n] || moved != nil
	if !away && d.Empty() && !incomplete {
		return
	}
	var keys []string
	d.Each(func(key string, _ uint64) { keys = append(keys, key) })
	p.TakeOut(i, errInherited)
	p.Recalled[i] = true // lost connections may not have ended
	if p.sentBy[i] = before.sentBy[n]; before.Conns[n].Draining() > 0 || before.cutOff[n] {
		p.sentBy[i] = time.Now()
	}
	p.Engine.Recall(i, keys, d.All(), incomplete)
	if moved != nil { // it may still hold what is out of date
		p.moved[i] = moved
		p.Engine.Distrust(i)
	}
}
