package pool

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"magent/backend/hello"
	"magent/failover"
	"magent/internal/stats"
	"magent/resp"
)

// Clients of a Redis pool share the connections to its servers. A connection speaks one version of the protocol, and
// has one database selected. So there are more of them to each server for clients that speak RESP3, or that have
// selected another database. They are made when the first of these clients comes. They belong to a part of their own,
// with the same servers: each part finds out by itself which of them it can use, as the parts on different loops do.

// own reports whether this is a variant of the pool's own database. Such a part stays.
func (p *Pool) own(v Variant) bool { return v.DB == p.Config.RedisDB }

const (
	// MaxVariants limits the parts for other databases.
	MaxVariants = 64
	// variantTime is how long a part for another database is kept that no client needs.
	variantTime = 10 * time.Second
)

// ErrNoVariant: there are as many parts as there may be, and all of them are in use.
var ErrNoVariant = fmt.Errorf("connections to %d databases are in use at a time, more are not made", MaxVariants)

// In returns the part for a variant: p itself, or one that is made now, or was before. It is valid until the client's
// request is answered.
func (p *Pool) In(v Variant) (*Pool, error) {
	if v.Proto != resp.RESP3 && p.own(v) {
		return p, nil
	}
	for i := range p.variants {
		if m := &p.variants[i]; m.Variant == v {
			m.used = p.Loop.L.Now()
			return m.Pool, nil
		}
	}
	m := variant{v, nil, p.Loop.L.Now()}
	if p.own(v) { // the one that is looked for most often
		m.Pool = p.newVariant(v)
		p.variants = slices.Insert(p.variants, 0, m)
		return m.Pool, nil
	}
	if p.numOthers() >= MaxVariants && !p.dropVariant() {
		return nil, ErrNoVariant
	}
	m.Pool = p.newVariant(v)
	p.variants = append(p.variants, m)
	return m.Pool, nil
}

// numOthers returns the number of parts for other databases.
func (p *Pool) numOthers() int {
	if len(p.variants) > 0 && p.own(p.variants[0].Variant) {
		return len(p.variants) - 1
	}
	return len(p.variants)
}

// newVariant makes a part, and connects to the servers. It runs on the loop.
func (p *Pool) newVariant(v Variant) *Pool {
	t := newBare(p.Loop, p.Index, p.Config, p.rings, false)
	t.Peers, t.records, t.Access = p.Peers, p.records, p.Access
	for _, c := range p.Conns {
		opt := c.Options()
		login := *loginOf(p.Config, v.Proto)
		login.DB, login.Chosen = v.DB, !p.own(v)
		opt.Redis = &login
		t.addConn(opt)
	}
	t.complete(&p.Count, &p.Hot)
	t.addLines(p.bound, p.Subscribing, p.dropIdleLine)
	if p.Engine.Retired {
		t.Leave()
	} else {
		t.Connect()
		t.readAs(p)
	}
	return t
}

// Known reports whether a server was found to have a database.
func (p *Pool) Known(db int) bool {
	_, known := p.known[db]
	return known || db == p.Config.RedisDB
}

// Learn notes that a server has a database.
func (p *Pool) Learn(db int) {
	if p.known == nil {
		p.known = map[int]struct{}{}
	}
	p.known[db] = struct{}{}
}

// unused reports whether nobody waits for anything in a part, or has a connection of its own there.
func (p *Pool) unused() bool { return p.Idle() && (p.Lines == nil || p.Lines.Unused()) }

// dropVariant ends the part for another database that was not needed for the longest time, to make room. It reports
// whether there is one that nobody uses.
func (p *Pool) dropVariant() bool {
	oldest := -1
	for i, v := range p.variants {
		if !p.own(v.Variant) && v.unused() && (oldest < 0 || v.used < p.variants[oldest].used) {
			oldest = i
		}
	}
	if oldest < 0 {
		return false
	}
	p.endVariant(oldest)
	return true
}

// trimVariants ends the parts for other databases that were not needed for a while, or whose servers lack the
// database.
func (p *Pool) trimVariants() {
	for i := len(p.variants) - 1; i >= 0; i-- {
		v := p.variants[i]
		old := v.lacking || p.Loop.L.Now()-v.used >= int64(variantTime)
		if old && !p.own(v.Variant) && v.unused() {
			p.endVariant(i)
			continue
		}
		v.Trim()
	}
}

// endVariant ends a part. Its figures stay.
func (p *Pool) endVariant(at int) {
	v := p.variants[at]
	p.variants = slices.Delete(p.variants, at, at+1)
	if p.past == nil {
		p.past = make([]stats.Server, len(p.Conns))
	}
	for i := range v.Conns {
		if away := v.Health.Server(i).State; away != failover.Up && away != failover.Drained { // which was counted
			p.Loop.Registry.Readmitted(p.records[i])
		}
		past := v.Figures(i)
		past.Connected, past.Draining, past.State, past.LastError = 0, 0, stats.StateUp, ""
		past.Replicas = nil
		p.past[i].Add(&past)
	}
	v.Leave()
}

// Offers reports whether clients may speak a version. They may speak RESP3 unless a server is known that does not.
func (p *Pool) Offers(proto resp.Proto) bool {
	if proto != resp.RESP3 {
		return proto == resp.RESP2
	}
	for i, c := range p.Conns {
		if v := c.RedisVersion(); v != "" && compareVersions(v, "6") < 0 {
			return false
		}
		for _, v := range p.variants {
			if v.Proto == resp.RESP3 && !v.Conns[i].Ready() && errors.Is(v.Conns[i].Err(), hello.ErrOldProto) {
				return false
			}
		}
	}
	return true
}

// Idle reports whether no request is under way.
func (p *Pool) Idle() bool {
	return p.Engine.Idle() && !slices.ContainsFunc(p.variants, func(v variant) bool { return !v.Idle() })
}

// Trim releases memory and connections that are kept for reuse, and not needed now.
func (p *Pool) Trim() {
	p.Engine.Trim()
	if p.Commands != nil {
		p.Commands.Trim()
	}
	if set := p.replicas(); set != nil {
		set.Trim()
	}
	if p.Lines != nil {
		p.Lines.Trim()
	}
	for _, c := range p.Conns {
		c.Trim()
	}
	p.trimVariants()
}
