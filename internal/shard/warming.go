package shard

import (
	"context"
	"strings"

	"magent/backend"
	"magent/failover"
	"magent/internal/loop"
	"magent/internal/refill"
)

// The engine's calls about servers that come back: replicate.Host.

// Warming starts the walk for server i.
func (p *pool) Warming(i int) {
	svc := p.sh.svc
	p.health.Warm(i, p.sh.l.Now())
	svc.registry.Warming(p.records[i], p.engine.Distrusted(i))
	cfg := p.cfg
	o := refill.Options{Server: p.records[i].Name, Loop: p.sh.id, Rate: cfg.RefillRate, Loops: len(svc.shards)}
	if p.engine.Distrusted(i) {
		o.Own, o.Suspect = p.itself(i), p.moved[i]
	}
	from := cfg.Backups
	if i >= len(cfg.Servers) {
		from = cfg.Servers
	}
	for _, a := range from {
		o.From = append(o.From, refill.Source{Find: svc.servers.Finder(a)})
	}
	o.Owns = func(key []byte) bool {
		primary, backup := p.engine.Pair(key)
		return (primary == i || backup == i) && svc.ownerOf(key) == p.sh
	}
	var w *refill.Walk
	post := func(f func()) { // on the loop, unless the walk was abandoned meanwhile
		p.sh.l.Post(loop.TaskFunc(func() {
			if p.walks[i] == w {
				f()
			}
		}))
	}
	o.Fill = func(keys []string, last bool) { post(func() { p.engine.Fill(i, keys, last) }) }
	o.Cleanse = func(keys []string, last bool) { post(func() { p.engine.Cleanse(i, keys, last) }) }
	w = svc.walks.Start(o)
	p.walks[i] = w
}

// itself is server i as a source: the very run that the loop is connected to, for it would not do to cleanse what another one
// holds.
func (p *pool) itself(i int) refill.Source {
	c := p.conns[i]
	at := c.Endpoint()
	return refill.Source{
		Find: func(context.Context) ([]loop.Endpoint, error) { return []loop.Endpoint{at}, nil },
		Only: c.Identity(),
	}
}

// More asks the walk for the next batch.
func (p *pool) More(i int) {
	p.walks[i].More()
}

// Abandoned ends the walk.
func (p *pool) Abandoned(i int) {
	if w := p.walks[i]; w != nil {
		w.Stop()
		p.walks[i] = nil
	}
}

// Flushed tells the other loops that a server has lost their keys, too.
func (p *pool) Flushed(i int) {
	p.sh.svc.registry.Flushed(p.records[i])
	for _, other := range p.peers {
		if other != p {
			other.sh.l.Post(loop.TaskFunc(func() {
				other.engine.Emptied(i)
				other.refill()
			}))
		}
	}
}

// Unflushable tells the operator why a server is not used again.
func (p *pool) Unflushable(i int, reply string) {
	p.sh.svc.log.Error().Str("server", p.records[i].Name).Str("reply", strings.TrimSpace(reply)).
		Msg("the server has to be flushed before it is read, for what it holds is out of date, or may be, and refuses flush_all: restart it")
}

// MadeGood makes a server readable again.
func (p *pool) MadeGood(i int) {
	p.Abandoned(i) // it has ended
	p.moved[i] = nil
	if p.health.Readmit(i, p.sh.l.Now()) {
		p.sh.svc.registry.Readmitted(p.records[i])
	}
	p.later()
}

// refill takes a server out of use that lacks what the other copies have, if it can get that now: on its return it is
// filled. Its keys are answered by their other copies meanwhile. It must not be called inside the engine.
func (p *pool) refill() {
	for i, c := range p.conns {
		if p.mayMakeGood(i) && p.health.Server(i).State == failover.Up && p.engine.Incomplete(i) && p.engine.CanFill(i) && c.Ready() {
			c.Close(backend.ErrRefill)
			c.Connect()
			return // one after the other: MadeGood comes here again
		}
	}
}
