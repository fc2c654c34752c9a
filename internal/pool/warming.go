package pool

import (
	"context"
	"strings"

	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/refill"
)

// repair.Host: how the engine starts and ends the work on a server that comes back.

// Warming starts the walk that lists the keys for server i.
func (p *Pool) Warming(i int) {
	p.Health.Warm(i, p.Loop.L.Now())
	p.Loop.Registry.Warming(p.records[i], p.Engine.Distrusted(i))
	cfg := p.Config
	o := refill.Options{
		Pool: p.Name, Server: p.records[i].Name, Loop: p.Loop.ID, Rate: cfg.RefillRate, Loops: p.Loop.Threads,
	}
	if p.Engine.Distrusted(i) {
		o.Own, o.Suspect = p.Itself(i), p.moved[i]
	}
	for n := range p.Conns {
		if (n < len(cfg.Servers)) == (i < len(cfg.Servers)) {
			continue // it has no copies of what server i has
		}
		find := p.Loop.Servers.Finder(*placement.ServerAt(cfg, n), cfg)
		o.From = append(o.From, refill.Source{Find: find, Access: p.Access[n]})
	}
	o.Owns = func(key []byte) bool {
		primary, backup := p.Engine.Pair(key)
		return (primary == i || backup == i) && p.rings.Has(key) && p.Loop.Owner(key) == p.Loop.ID
	}
	var w *refill.Walk
	post := func(f func()) { // on the loop, unless the walk was abandoned meanwhile
		p.Loop.L.Post(loop.TaskFunc(func() {
			if p.walks[i] == w {
				f()
			}
		}))
	}
	o.Fill = func(keys []string, last bool) { post(func() { p.Engine.Fill(i, keys, last) }) }
	o.Cleanse = func(keys []string, last bool) { post(func() { p.Engine.Cleanse(i, keys, last) }) }
	w = p.Loop.Walks.Start(o)
	p.walks[i] = w
}

// Itself returns server i as a source for a walk: exactly the process that the loop is connected to. Another one's
// keys must not be deleted.
func (p *Pool) Itself(i int) refill.Source {
	c := p.Conns[i]
	at := c.Endpoint()
	return refill.Source{
		Find:   func(context.Context) ([]loop.Endpoint, error) { return []loop.Endpoint{at}, nil },
		Access: p.Access[i], Only: c.Identity(),
	}
}

// More asks the walk for the next batch.
func (p *Pool) More(i int) {
	p.walks[i].More()
}

// Abandoned ends the walk.
func (p *Pool) Abandoned(i int) {
	if w := p.walks[i]; w != nil {
		w.Stop()
		p.walks[i] = nil
	}
}

// Flushed tells the other loops that a server has lost their keys, too.
func (p *Pool) Flushed(i int) {
	p.Loop.Registry.Flushed(p.records[i])
	for _, other := range p.Peers {
		if other != p {
			other.Loop.L.Post(loop.TaskFunc(func() {
				other.Engine.Emptied(i)
				other.Refill()
			}))
		}
	}
}

// Unflushable logs why a server is not used again.
func (p *Pool) Unflushable(i int, reply string) {
	p.Loop.Log.Error().Str("pool", p.Name).Str("server", p.records[i].Name).Str("reply", strings.TrimSpace(reply)).
		Msg("the server has to be flushed before it is read, for what it holds is out of date, or may be, and " +
			"refuses flush_all: restart it")
}

// Resynced makes a server readable again: it is repaired. One that was taken out of use while it was being flushed is
// not: it is repaired when it returns.
func (p *Pool) Resynced(i int) {
	p.Abandoned(i) // it has ended
	if !p.Health.Usable(i) {
		return
	}
	p.readmit(i)
	p.Engine.Supply(i)
	p.recoveredNow(i)
	if p.repair != nil && i == p.repair.primary {
		p.repair.end()
	}
	p.later()
}
