package owner

import (
	"magent/internal/fleet/core"
	"magent/internal/fleet/gate"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
)

// decided carries a decision of the core out. It runs on the member's goroutine, as do the functions below.
func (f *Owner) decided(c *core.Core, d core.Decision) {
	f.takeRoles(c)
	if b := f.beginnings[d.Group]; b != nil && b.waits(d) {
		return
	}
	switch d.Act {
	case core.Own:
		f.prepare(c, d)
	case core.Fence:
		f.fence(d)
	case core.Open:
		if t := f.terms[d.Group]; t != nil {
			t.open(d.Server)
		}
	case core.HandOver:
		if t := f.terms[d.Group]; t != nil {
			f.wish(f.index(d.Group), want{stance: stance{kind: cedes, term: t.Term}})
		}
	case core.Stop:
		if t := f.terms[d.Group]; t != nil {
			t.End()
			delete(f.terms, d.Group)
			f.handOn(f.index(d.Group))
		}
	case core.Drop:
		f.drop()
	case core.Store:
		f.store(c, d)
	case core.Tell:
		f.tell(c, d)
	case core.Changed:
		f.follow(c, d)
	case core.Reborn:
		f.book.Reborn()
	}
}

// prepare records again what is known of a group, and then that whatever was known from before this epoch is void.
// After that the term begins.
func (f *Owner) prepare(c *core.Core, d core.Decision) {
	b := &beginning{d: d}
	f.beginnings[d.Group] = b
	last := f.gate.Recorded() // by a term before this one, for instance
	f.backlog.Do(c, func(c *core.Core) (done bool) {
		switch {
		case f.beginnings[d.Group] != b:
			return true // the right to decide was lost
		case f.gate.TakenTo() < last:
			return false
		case b.known == nil:
			b.known = f.book.Entries(d.Group)
		}
		if !f.tellPiece(c, d.Group, d.Epoch, b.known) {
			return false
		}
		f.tellVoid(c, d.Group, d.Epoch)
		delete(f.beginnings, d.Group)
		f.own(c, d)
		for _, d := range b.later {
			f.decided(c, d)
		}
		return true
	})
}

// waits reports whether a decision has to wait until the term has begun.
func (b *beginning) waits(d core.Decision) bool {
	if d.Act != core.Fence && d.Act != core.Open && d.Act != core.HandOver {
		return false
	}
	b.later = append(b.later, d)
	return true
}

// own begins a term, for which all that is known was recorded again: a pool is made that decides.
func (f *Owner) own(c *core.Core, d core.Decision) {
	i, ok := f.named(d.Group)
	if !ok {
		return
	}
	life := gate.Life{Name: f.self(), Incarnation: c.Incarnation(), Life: c.Life()}
	cfg := f.pool(i)
	t := &tenancy{Term: f.gate.Begin(d.Group, d.Epoch, life), cfg: cfg}
	w := want{stance: stance{kind: decides, term: t.Term}, cfg: cfg, doubt: !d.Settled, due: f.book.Due(d.Group)}
	for n := range len(cfg.Servers) + len(cfg.Backups) {
		var door *pool.Door
		if c.Fencing(d.Group, placement.ServerAt(cfg, n).String()) {
			door = pool.NewDoor()
		}
		t.doors = append(t.doors, door)
		w.missed = append(w.missed, f.book.Missed(pool.ServerOf(cfg, n)))
	}
	f.inherits(&w, d)
	w.doors = t.doors
	f.terms[d.Group] = t
	f.wish(i, w)
}

// open lets a pool use a server.
func (t *tenancy) open(server string) {
	for n, door := range t.doors {
		if door != nil && placement.ServerAt(t.cfg, n).String() == server {
			door.Open()
		}
	}
}

// handOn has a pool hand its requests to the owner.
func (f *Owner) handOn(i int) { f.wish(i, want{stance: stance{kind: relays}}) }

// drop ends all terms, which the gate has ended already. The connections are reset before anything else is done.
func (f *Owner) drop() {
	for group := range f.terms {
		f.handOn(f.index(group))
	}
	clear(f.terms)
	clear(f.beginnings)
	f.reset(false)
}

// reset has all loops drop the pools whose terms are over; all: or are not.
func (f *Owner) reset(all bool) {
	dropped := func(p *pool.Pool) bool {
		return p != nil && p.Term() != nil && !p.Engine.Retired && (all || p.Term().Over())
	}
	f.o.OnAll(func(sh *session.Shard) {
		sh.DropDue(dropped)
		for _, p := range sh.Pools {
			if dropped(p) {
				p.Drop()
				p.Held = !all // until another pool takes its place
			}
		}
	})
}

// follow notes who decides now.
func (f *Owner) follow(c *core.Core, d core.Decision) {
	f.settleTurn(c, &d.View, d.Reason)
	f.announce(d.View, d.View.Has(f.self(), c.Incarnation()))
	for _, g := range d.View.Groups {
		if i, ok := f.named(g.Name); ok && f.terms[g.Name] == nil {
			f.handOn(i)
		}
	}
}
