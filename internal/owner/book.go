package owner

import (
	"slices"
	"strings"

	"magent/internal/config"
	"magent/internal/fleet/book"
	"magent/internal/fleet/core"
	"magent/internal/journal"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
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
		m := *known.Claim(server, claimed)
		m.All = m.All || known.Doubtful != nil && len(cfg.Backups) > 0
		m.Keys = ownKeys(cfg, m.Keys)
		f.enterMissed(server, &m)
	}
}

// ownKeys are those that belong to a pool, if it is a group.
func ownKeys(cfg *config.Pool, keys []string) []string {
	rings, err := placement.New(cfg)
	if err != nil || cfg.Of == nil {
		return keys
	}
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !rings.Has([]byte(key)) })
}

// enterMissed enters what a server has missed, outside of any term.
func (f *Owner) enterMissed(server journal.Server, m *journal.Missed) {
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
	if m.All {
		note(book.Entry{Kind: book.All})
	}
	if m.Incomplete {
		note(book.Entry{Kind: book.Incomplete})
	}
}

// missedBy names a server that has missed something, as the journal knows it; empty: there is none.
func missedBy(known *journal.Knowledge) string {
	if known.Doubtful != nil {
		return "a server"
	}
	var names []string
	for server, m := range known.Missed {
		if len(m.Keys) > 0 || m.All || m.Incomplete {
			names = append(names, server.Address)
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// recorded enters what this process has recorded. It runs on the member's goroutine, as do the functions below.
func (f *Owner) recorded(c *core.Core, r core.Record) {
	if r.Kind != core.Knowledge {
		return
	}
	e, ok := f.parse(r)
	switch {
	case !ok || !f.enter(c.Incarnation(), r, e):
	case r.Epoch == 0: // in the term of another group (gate.Term.RecordOf)
		f.write(e)
		if epoch, decides := f.decides(r.Group); decides {
			r.Epoch = epoch
			c.Record(r)
			f.keep(c.Incarnation(), r, e)
			f.learnLate(f.index(r.Group), e)
		}
	case e.Kind == book.Clean:
		f.write(e) // the rest is in the journal already
	}
}

// store enters what another member has recorded. If this process decides for the group, the core has recorded it once
// more, and the pool is told.
func (f *Owner) store(c *core.Core, d core.Decision) {
	r := d.Record
	e, ok := f.note(d.Incarnation, r)
	epoch, decides := f.decides(r.Group)
	if !ok || !decides {
		return
	}
	if !r.Clears {
		r.Epoch = epoch
		f.keep(c.Incarnation(), r, e)
	}
	f.learnLate(f.index(r.Group), e)
}

// learnLate tells a pool that this process decides for what was learned of a server after its term had begun.
func (f *Owner) learnLate(i int, e book.Entry) {
	f.mu.Lock()
	if w := &f.wants[i]; !w.begun && w.kind == decides {
		w.late = append(w.late, e) // the pool is being made
	}
	f.mu.Unlock()
	switch e.Kind {
	case book.Dirty:
		f.tellPool(f.o.Group.OwnerOf(e.Key), i, e, func(p *pool.Pool, n int) { p.MissedLate(n, e.Key) })
	case book.Incomplete:
		for _, sh := range f.o.Group.Shards {
			f.tellPool(sh, i, e, (*pool.Pool).EmptiedLate)
		}
	}
}

// addLate adds to what a pool begins with what was learned since it was wished. What is learned later is told to the
// pool. The loops stand still.
func (f *Owner) addLate(i int, w want) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := &f.wants[i]
	if now.stance != w.stance {
		return // it is over already
	}
	for _, e := range now.late {
		for n, m := range w.missed {
			switch {
			case pool.ServerOf(w.cfg, n) != e.Server:
			case e.Kind == book.Dirty:
				m.Keys = append(m.Keys, string(e.Key))
			case e.Kind == book.Incomplete:
				m.Incomplete = true
			}
		}
	}
	now.late, now.begun = nil, true
}

// tellPool has a loop's part of a pool told of the server that an entry is about, if it decides.
func (f *Owner) tellPool(sh *session.Shard, i int, e book.Entry, tell func(p *pool.Pool, server int)) {
	sh.L.Post(loop.TaskFunc(func() {
		p := sh.Pools[i]
		for n := range len(p.Config.Servers) + len(p.Config.Backups) {
			if placement.ServerAt(p.Config, n).String() == e.Server.Address && p.Term() != nil {
				tell(p, n)
			}
		}
	}))
}

// note enters what was recorded, and writes it to the journal. One that another version has written is not understood,
// and counts for nothing; ok is false then, and for a Void.
func (f *Owner) note(incarnation uint64, r core.Record) (e book.Entry, ok bool) {
	e, ok = f.parse(r)
	return e, ok && f.keep(incarnation, r, e)
}

// keep enters a record, with what it says, and writes it to the journal. It reports whether that is of a server.
func (f *Owner) keep(incarnation uint64, r core.Record, e book.Entry) bool {
	entered := f.enter(incarnation, r, e)
	if entered {
		f.write(e)
	}
	return entered
}

func (f *Owner) parse(r core.Record) (e book.Entry, ok bool) {
	e, err := book.Parse(r.Data)
	if err != nil {
		f.o.Log.Error().AnErr("reason", err).Msg("another member of the fleet says what this one does not understand")
	}
	return e, err == nil
}

// enter enters a record, with what it says, in the book. It reports whether that is of a server.
func (f *Owner) enter(incarnation uint64, r core.Record, e book.Entry) bool {
	if e.Kind == book.Void {
		f.void(r.Group, r.Epoch, e.Due)
		f.clean(r.Group)
		return false
	}
	f.book.Note(book.Source{Incarnation: incarnation, Epoch: r.Epoch}, e)
	return true
}

// void is Book.Void, which the journal keeps, too.
func (f *Owner) void(group string, epoch uint64, due int64) {
	f.book.Void(group, epoch, due)
	if i, ok := f.named(group); ok && f.o.Process.Journal != nil {
		f.o.Process.Journal.DueSoon(pool.FlushesDue(f.pool(i), due, map[journal.Server]int64{}))
	}
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
		j.IdentitySoon(n, e.Identity) // what keeps this goroutine costs the member its lease
	case book.Clean:
		f.cleanServer(e.Server)
	}
}

// clean removes from the journal what is known no more of the servers of a pool.
func (f *Owner) clean(group string) {
	i, ok := f.named(group)
	if !ok || f.o.Process.Journal == nil {
		return
	}
	cfg := f.pool(i)
	for n := range len(cfg.Servers) + len(cfg.Backups) {
		f.cleanServer(pool.ServerOf(cfg, n))
	}
}

func (f *Owner) cleanServer(server journal.Server) {
	if f.book.Misses(server) {
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
