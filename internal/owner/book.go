package owner

import (
	"magent/internal/config"
	"magent/internal/fleet/book"
	"magent/internal/fleet/core"
	"magent/internal/journal"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/pool"
)

// What servers have missed is in the book, which the records of all members fill. Those of other members are written
// to the journal as well, as a loop of their own, so that they outlive the process.

// othersLoop is the number under which the journal has what other members have recorded.
func (f *Owner) othersLoop() int { return f.o.Process.Threads }

// remember enters what the journal knows of a pool, before there is a fleet.
func (f *Owner) remember(cfg *config.Pool, known *journal.Knowledge) {
	claimed := map[journal.Server]bool{}
	for n := range len(cfg.Servers) + len(cfg.Backups) {
		server := pool.ServerOf(cfg, n)
		m := known.Claim(server, claimed)
		note := func(e book.Entry) {
			e.Server, e.Loop = server, book.Inherited
			f.book.Note(book.Source{}, e)
			f.write(e)
		}
		if m.Identity != "" {
			note(book.Entry{Kind: book.Identity, Identity: m.Identity})
		}
		for _, key := range m.Keys {
			note(book.Entry{Kind: book.Dirty, Key: []byte(key)})
		}
		if m.All || known.Doubtful != nil && len(cfg.Backups) > 0 {
			note(book.Entry{Kind: book.All})
		}
		if m.Incomplete {
			note(book.Entry{Kind: book.Incomplete})
		}
	}
}

// recorded enters what this process has recorded. It runs on the member's goroutine, as do the functions below.
func (f *Owner) recorded(c *core.Core, r core.Record) {
	if r.Kind != core.Knowledge {
		return
	}
	if e, ok := f.enter(c.Incarnation(), r); ok && e.Kind == book.Clean {
		f.write(e) // the rest is in the journal already
	}
}

// store enters what another member has recorded. A pool that this process decides for is told.
func (f *Owner) store(d core.Decision) {
	f.note(d.Incarnation, d.Record)
	t, e := f.terms[d.Record.Group], book.Entry{}
	if t != nil {
		e, _ = book.Parse(d.Record.Data)
	}
	if e.Kind == book.Dirty {
		f.missedLate(f.names[d.Record.Group], e)
	}
}

// missedLate tells a pool of a key that a server has missed.
func (f *Owner) missedLate(i int, e book.Entry) {
	sh := f.o.Group.OwnerOf(e.Key)
	sh.L.Post(loop.TaskFunc(func() {
		p := sh.Pools[i]
		for n := range len(p.Config.Servers) + len(p.Config.Backups) {
			if placement.ServerAt(p.Config, n).String() == e.Server.Address && p.Term() != nil {
				p.MissedLate(n, e.Key)
			}
		}
	}))
}

// note enters a record, and writes it to the journal.
func (f *Owner) note(incarnation uint64, r core.Record) {
	if e, ok := f.enter(incarnation, r); ok {
		f.write(e)
	}
}

// enter enters a record in the book. One that another version has written is not understood, and counts for nothing.
func (f *Owner) enter(incarnation uint64, r core.Record) (e book.Entry, ok bool) {
	e, err := book.Parse(r.Data)
	if err != nil {
		f.o.Log.Error().AnErr("reason", err).Msg("another member of the fleet says what this one does not understand")
		return e, false
	}
	if e.Kind == book.Void {
		f.book.Void(r.Group, r.Epoch)
		f.clean(r.Group)
		return e, false
	}
	f.book.Note(book.Source{Incarnation: incarnation, Epoch: r.Epoch}, e)
	return e, true
}

func (f *Owner) write(e book.Entry) {
	j := f.o.Process.Journal
	if j == nil {
		return
	}
	switch n := j.Server(e.Server); e.Kind {
	case book.Dirty:
		j.Dirty(f.othersLoop(), n, e.Key)
	case book.All:
		j.All(f.othersLoop(), n)
	case book.Incomplete:
		j.Incomplete(f.othersLoop(), n)
	case book.Identity:
		j.Identity(n, e.Identity)
	case book.Clean:
		f.cleanServer(e.Server)
	}
}

// clean removes from the journal what is known no more of the servers of a pool.
func (f *Owner) clean(group string) {
	i, ok := f.names[group]
	if !ok || f.o.Process.Journal == nil {
		return
	}
	cfg := f.pools[i].Load()
	for n := range len(cfg.Servers) + len(cfg.Backups) {
		f.cleanServer(pool.ServerOf(cfg, n))
	}
}

func (f *Owner) cleanServer(server journal.Server) {
	m := f.book.Missed(server)
	if len(m.Keys) > 0 || m.All || m.Incomplete {
		return
	}
	j := f.o.Process.Journal
	j.Clean(f.othersLoop(), j.Server(server))
	for l := range f.othersLoop() {
		if f.terms[server.Pool] == nil { // else the pool does that itself
			j.Clean(l, j.Server(server))
		}
	}
}
