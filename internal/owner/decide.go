package owner

import (
	"magent/internal/fleet/book"
	"magent/internal/fleet/core"
	"magent/internal/fleet/gate"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
)

// decided carries a decision of the core out. It runs on the member's goroutine, as do the functions below.
func (f *Owner) decided(c *core.Core, d core.Decision) {
	f.takeRoles(c)
	switch d.Act {
	case core.Own:
		f.own(c, d)
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
		f.store(d)
	case core.Tell:
		f.tell(c, d)
	case core.Changed:
		f.follow(c, d)
	case core.Reborn:
		f.book.Reborn()
	}
}

// own begins a term: what is known is recorded again, and a pool is made that decides.
func (f *Owner) own(c *core.Core, d core.Decision) {
	i, ok := f.named(d.Group)
	if !ok {
		return
	}
	f.again(c, d.Group, d.Epoch, f.book.Entries(d.Group))
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

// again records what is known of a group, and that whatever was known from before this epoch is void.
func (f *Owner) again(c *core.Core, group string, epoch uint64, known []book.Entry) {
	for _, e := range known {
		f.record(c, group, epoch, e)
	}
	f.record(c, group, epoch, book.Entry{Kind: book.Void, Due: f.book.Due(group)})
}

func (f *Owner) record(c *core.Core, group string, epoch uint64, e book.Entry) {
	r := core.Record{Kind: core.Knowledge, Group: group, Epoch: epoch, Clears: e.Clears(), Data: e.Encode()}
	c.Record(r)
	f.note(c.Incarnation(), r)
}

// tell records again what is known of the groups that this process owns, for a member that joins. What that member
// knows from before, by its own journal for instance, is void if this process decides already.
func (f *Owner) tell(c *core.Core, d core.Decision) {
	v := c.View()
	for _, g := range v.Groups {
		t := f.terms[g.Name]
		switch {
		case g.Owner != f.self():
		case t != nil:
			f.again(c, g.Name, t.Epoch, f.book.Present(g.Name, c.Incarnation(), t.Epoch))
		default: // this process records it once more when it decides
			for _, e := range f.book.Entries(g.Name) {
				f.record(c, g.Name, 0, e)
			}
			if due := f.book.Due(g.Name); due > 0 {
				f.record(c, g.Name, 0, book.Entry{Kind: book.Void, Due: due})
			}
		}
	}
	c.Told(d.Name, d.Incarnation)
}
