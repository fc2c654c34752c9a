package pool

import (
	"errors"

	"magent/backend"
	"magent/internal/dedicated"
	"magent/internal/distribute"
	"magent/resp"
)

// Clients of a Redis pool share the connections to its servers. A connection speaks one version of the protocol, so
// there is a second one to each server for clients that speak RESP3. It is made when the first of them comes, and
// stays. It belongs to a part of its own, with the same servers: each part finds out by itself which of them it can
// use, as the parts on different loops do.

// CommandsIn returns the engine for clients that speak a version.
func (p *Pool) CommandsIn(proto resp.Proto) *distribute.Engine {
	if proto != resp.RESP3 {
		return p.Commands
	}
	if p.third == nil {
		p.third = p.newThird()
	}
	return p.third.Commands
}

// LinesIn returns the connections that clients have for themselves, in a version of the protocol.
func (p *Pool) LinesIn(proto resp.Proto) *dedicated.Set {
	if proto != resp.RESP3 {
		return p.Lines
	}
	p.CommandsIn(proto)
	return p.third.Lines
}

// newThird makes the part that speaks RESP3, and connects to the servers. It runs on the loop.
func (p *Pool) newThird() *Pool {
	t := newBare(p.Loop, p.Index, p.Config, p.rings, false)
	t.Peers, t.records, t.Access = p.Peers, p.records, p.Access
	for _, c := range p.Conns {
		opt := c.Options()
		opt.Redis = loginOf(p.Config, resp.RESP3)
		t.addConn(opt)
	}
	t.complete(&p.Count, &p.Hot)
	t.addLines(p.bound)
	if p.Engine.Retired {
		t.Leave()
	} else {
		t.Connect()
	}
	return t
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
		if p.third != nil && !p.third.Conns[i].Ready() && errors.Is(p.third.Conns[i].Err(), backend.ErrOldProto) {
			return false
		}
	}
	return true
}

// Idle reports whether no request is under way.
func (p *Pool) Idle() bool { return p.Engine.Idle() && (p.third == nil || p.third.Idle()) }

// Trim releases memory that is kept for reuse, and not needed now.
func (p *Pool) Trim() {
	p.Engine.Trim()
	if p.Commands != nil {
		p.Commands.Trim()
	}
	if p.Lines != nil {
		p.Lines.Trim()
	}
	for _, c := range p.Conns {
		c.Trim()
	}
	if p.third != nil {
		p.third.Trim()
	}
}
