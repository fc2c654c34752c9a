package pool

import (
	"time"

	"magent/backend"
	"magent/internal/discover"
	"magent/internal/fleet/conns"
	"magent/internal/fleet/core"
	"magent/internal/fleet/gate"
	"magent/internal/loop"
	"magent/internal/placement"
)

// UserTimeout is TCP_USER_TIMEOUT of the connections to servers of a member of a fleet. A successor counts on it.
const UserTimeout = time.Second

// May reports whether something may be sent to a server right now.
func (t *tenure) May() bool { return t.term.May() }

// Announce tells the other members of a connection. It carries requests when all of them know.
func (t *tenure) Announce(c *backend.Conn, local loop.Endpoint) {
	if number, ok := t.record(core.Address, c, local); ok {
		t.waiting = append(t.waiting, announced{c, local, number})
		t.p.Loop.Kept.Await(number)
	}
}

// Ended tells them what became of it.
func (t *tenure) Ended(c *backend.Conn, local loop.Endpoint, gone bool) {
	kind := core.Lost
	if gone {
		kind = core.Gone
	}
	t.record(kind, c, local)
}

func (t *tenure) record(kind core.RecordKind, c *backend.Conn, local loop.Endpoint) (number uint64, ok bool) {
	return t.term.Record(core.Record{Kind: kind, Server: c.Name(), Address: addressOf(local)})
}

// addressOf is how a server lists a connection from an address here (conns.List). One over a unix socket has no
// address, and is not listed.
func addressOf(local loop.Endpoint) string {
	if local.Path != "" || !local.Addr.IsValid() {
		return "unix"
	}
	return conns.Form(local.Addr)
}

// KeptTo has the connections carry requests that all members know of. Records up to this number are kept.
func (p *Pool) KeptTo(number uint64) {
	if p.tenure == nil {
		return
	}
	waiting := p.tenure.waiting
	p.tenure.waiting = nil
	for _, a := range waiting {
		if a.number > number {
			p.tenure.waiting = append(p.tenure.waiting, a)
			p.Loop.Kept.Await(a.number)
			continue
		}
		a.c.Announced(a.local)
	}
}

// Term is the term in which the pool decides; nil: it is no pool of a fleet, or does not decide.
func (p *Pool) Term() *gate.Term {
	if p.tenure == nil {
		return nil
	}
	return p.tenure.term
}

// Govern has a pool decide in a term of a fleet. It has just been made, and does nothing yet. A server whose door is
// closed is not connected.
func (p *Pool) Govern(term *gate.Term, doors Doors) {
	p.tenure, p.Epoch = &tenure{p: p, term: term}, term.Epoch
	p.Engine.Govern(term.May)
	if len(p.Config.Backups) > 0 {
		p.told = &told{journal: p.Recorder(), cfg: p.Config, loop: p.Loop.ID, term: term}
		p.Engine.SetJournal(p.told)
	}
	for i, c := range p.Conns {
		a := *placement.ServerAt(p.Config, i)
		var inner backend.Dialer
		if e, fixed := discover.Fixed(a); fixed {
			inner = fixedAt{e}
		} else {
			inner = p.Loop.Servers.Dialer(a, p.Config, p.Loop.L)
		}
		c.Govern(p.tenure, &doorman{doors[i], inner, p.Loop.L}, UserTimeout)
	}
}

// SetAside has a pool answer every request with a line, and connect to nothing: this process does not decide. The pool
// has just been made.
func (p *Pool) SetAside(line []byte) {
	p.Shut()
	p.Engine.Refuse(line)
}

// MissedLate is told of a key that server i has missed, which was learned after the pool had begun. It runs on the
// loop that owns the key.
func (p *Pool) MissedLate(i int, key []byte) {
	if !p.Engine.Retired {
		p.Engine.MarkMissed(i, key)
	}
}

// Drop ends a pool whose term is over. All its connections are reset, and nothing of what it knows is used again.
func (p *Pool) Drop() {
	p.tenure.waiting = nil
	p.Engine.GoneAll() // what is lost with a connection continues nothing
	for _, c := range p.Conns {
		c.Reset()
	}
	p.Leave()
}
