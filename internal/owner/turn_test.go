package owner

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/fleet/book"
	"magent/internal/fleet/core"
	"magent/internal/fleet/plan"
	"magent/internal/fleet/view"
	"magent/internal/journal"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
	"magent/internal/standing"
)

// poolOf is a pool of servers whose names are single letters.
func poolOf(t *testing.T, servers, backups string) *config.Pool {
	t.Helper()
	p := &config.Pool{Name: "main", Distribution: "ketama", Hash: "md5"}
	for _, c := range servers {
		p.Servers = append(p.Servers, addresses(t, string(c))...)
	}
	for _, c := range backups {
		p.Backups = append(p.Backups, addresses(t, string(c))...)
	}
	return p
}

// planned is a change of the only pool that an Owner has.
func planned(t *testing.T, f *Owner, as *config.Pool) *Turn {
	t.Helper()
	is := []plan.Pool{{Index: 0, Is: f.pool(0), Had: f.pool(0)}}
	change, err := plan.Make(is, []*config.Pool{as}, nil, f.o.Fleet.Members)
	if err != nil {
		t.Fatal(err)
	}
	return &Turn{Change: change, over: make(chan struct{})}
}

// split is an Owner of a pool and its groups, which has no loops.
func split(t *testing.T, whole *config.Pool) *Owner {
	t.Helper()
	f := ownerOf(t, whole)
	f.o.OnAll = func(func(*session.Shard)) {}
	groups := placement.Groups(whole)
	for i := range groups {
		f.lay(&groups[i])
	}
	return f
}

// What is known of a server goes to the groups that have it, for the keys that they have. Those that keys move to have
// missed all, but to the first owner, who knows which keys these are.
func TestKnowledgeGoesOver(t *testing.T) {
	before := poolOf(t, "ab", "c")
	f := split(t, before)
	keys := map[string][]string{} // by server: those that it has missed
	note := func(group, server int, e book.Entry) {
		cfg := f.pool(1 + group)
		e.Server = pool.ServerOf(cfg, server)
		f.book.Note(book.Source{Incarnation: 5, Epoch: 3}, e)
	}
	rings, err := placement.New(before)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		key := fmt.Sprint(i, "-key")
		note(rings.Share([]byte(key)), 1, book.Entry{Kind: book.Dirty, Key: []byte(key)})
		keys["c"] = append(keys["c"], key)
	}
	note(0, 0, book.Entry{Kind: book.Identity, Identity: "7@8"})
	note(1, 0, book.Entry{Kind: book.Incomplete})
	f.book.Void("main/a:11211", 0, 40)
	turn := planned(t, f, poolOf(t, "abd", "c"))
	s := turn.Pools[0]
	for i := range s.Groups {
		if _, there := f.named(s.Groups[i].Name); !there {
			f.lay(&s.Groups[i])
		}
	}
	f.goOver(turn, 9)
	var all []string
	for n, i := range f.parts(0) {
		cfg := f.pool(i)
		primary, backup := f.book.Missed(pool.ServerOf(cfg, 0)), f.book.Missed(pool.ServerOf(cfg, 1))
		if gains := cfg.Servers[0].Host == "d"; primary.All != gains || len(cfg.Of.Servers) != 3 || cfg.Share != n {
			t.Errorf("%s: %+v", cfg.Name, primary)
		}
		if primary.Incomplete != (cfg.Servers[0].Host != "a") || (primary.Identity == "7@8") != (n == 0) {
			t.Errorf("%s: %+v", cfg.Name, primary)
		}
		if f.book.Due(cfg.Name) != 40 {
			t.Errorf("%s: flushed at %d", cfg.Name, f.book.Due(cfg.Name))
		}
		for _, key := range backup.Keys {
			if s.Rings.Share([]byte(key)) != n {
				t.Errorf("%s is told of %s", cfg.Name, key)
			}
		}
		all = append(all, backup.Keys...)
	}
	slices.Sort(all)
	slices.Sort(keys["c"])
	if !slices.Equal(all, keys["c"]) {
		t.Errorf("%q is known, of %q", all, keys["c"])
	}
	group := "main/d:11211"
	for _, c := range []struct {
		epoch uint64
		first bool
	}{{10, false}, {9, false}} { // it is asked once
		w := want{missed: []*journal.Missed{{All: true}, {}}}
		if f.inherits(&w, core.Decision{Group: group, Epoch: c.epoch}); w.missed[0].All == c.first {
			t.Errorf("epoch %d: %+v", c.epoch, w.missed[0])
		}
	}
	w := want{missed: []*journal.Missed{{All: true}, {}}}
	f.left[group] = &legacy{epoch: 9, missed: []*journal.Missed{{}, {}}, moves: s.Moves.Group(2)}
	if f.inherits(&w, core.Decision{Group: group, Epoch: 9}); w.missed[0].All || w.moves == nil || !w.moves.Gains(0) {
		t.Errorf("%+v", w)
	}
}

// A pool that loses its backups needs nothing of them any more.
func TestBackupsMayGo(t *testing.T) {
	before := poolOf(t, "ab", "c")
	s := planned(t, ownerOf(t, before), poolOf(t, "ab", "")).Pools[0]
	a := standing.Server{Role: "primary", Address: "a:11211", Becomes: "primary", Reached: true}
	if err := mayMove(s, standing.Servers{a}); err != nil {
		t.Error(err)
	}
	a.Missed = true
	if err := mayMove(s, standing.Servers{a}); err == nil || !strings.Contains(err.Error(), "a:11211 has missed") {
		t.Error(err)
	}
	a.Becomes = ""
	if err := mayMove(s, standing.Servers{a}); err != nil {
		t.Error(err)
	}
	if mayMove(s, nil) != nil {
		t.Error("what another member decides for")
	}
}

// Whoever has another file says in which line.
func TestOtherFile(t *testing.T) {
	f := ownerOf(t, poolOf(t, "ab", ""))
	n := &view.Change{Pools: []byte(plan.Text([]*config.Pool{poolOf(t, "abc", "")}))}
	if err := f.otherFile(n, f.placement()); !strings.HasPrefix(err.Error(),
		`the file of a has other pools: they lack "primary c:11211 of main`) {
		t.Error(err)
	}
}
