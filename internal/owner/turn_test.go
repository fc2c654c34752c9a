package owner

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/fleet/book"
	"magent/internal/fleet/core"
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

// letters are the servers of a pool, the primaries in front of the bar.
func letters(p *config.Pool) string {
	var text strings.Builder
	for _, a := range p.Servers {
		text.WriteString(a.Host)
	}
	text.WriteByte('|')
	for _, a := range p.Backups {
		text.WriteString(a.Host)
	}
	return text.String()
}

// The file of a member may have primaries and backups the other way round. Then they are changed in the roles that the
// fleet has. A member that has the roles of the fleet changes what its file says.
func TestInRoles(t *testing.T) {
	for _, c := range []struct{ fleet, had, file, wanted, want string }{
		{"ab|cd", "ab|cd", "abe|cd", "", "abe|cd"},
		{"ab|cd", "cd|ab", "cd|abe", "", "abe|cd"},
		{"ab|cd", "cd|ab", "abe|cd", "", "abe|cd"}, // and is as those of the others now
		{"ab|cd", "cd|ab", "ab|cd", "", "ab|cd"},
		{"ab|cd", "ab|cd", "cd|ab", "", "ab|cd"}, // nothing changes
		{"a|b", "a|b", "b|c", "", "b|c"},
		{"a|b", "a|b", "b|c", "c|b", "c|b"},
		{"a|b", "b|a", "c|b", "c|b", "c|b"},
		{"a|b", "a|b", "ac|", "", "ac|"},
	} {
		of := func(text string) *config.Pool {
			servers, backups, _ := strings.Cut(text, "|")
			return poolOf(t, servers, backups)
		}
		var wanted []string
		if c.wanted != "" {
			wanted = []string{placementOf(of(c.wanted))}
		}
		if got := letters(inRolesOf(of(c.fleet), of(c.had), of(c.file), wanted)); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
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
	s, err := successorOf(before, before, poolOf(t, "abd", "c"))
	if err != nil {
		t.Fatal(err)
	}
	turn := &Turn{pools: map[int]*successor{0: s}, over: make(chan struct{}), text: []byte("new")}
	for i := range s.groups {
		if _, there := f.named(s.groups[i].Name); !there {
			f.lay(&s.groups[i])
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
			if s.rings.Share([]byte(key)) != n {
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
	f.left[group] = &legacy{epoch: 9, missed: []*journal.Missed{{}, {}}, moves: s.moves.Group(2)}
	if f.inherits(&w, core.Decision{Group: group, Epoch: 9}); w.missed[0].All || w.moves == nil || !w.moves.Gains(0) {
		t.Errorf("%+v", w)
	}
}

// A pool that loses its backups needs nothing of them any more.
func TestBackupsMayGo(t *testing.T) {
	before := poolOf(t, "ab", "c")
	s, err := successorOf(before, before, poolOf(t, "ab", ""))
	if err != nil {
		t.Fatal(err)
	}
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

// Pools are neither added nor removed, nor given another order.
func TestLikewise(t *testing.T) {
	before := []*config.Pool{{Name: "a"}, {Name: "b"}}
	for names, ok := range map[string]bool{"ab": true, "ba": false, "a": false, "abc": false, "aRb": true} {
		var file []config.Pool
		for _, c := range names {
			file = append(file, config.Pool{Name: string(c), Redis: c == 'R'})
		}
		files, err := likewise(before, file)
		if (err == nil) != ok || ok && len(files) != 2 {
			t.Errorf("%s: %v", names, err)
		}
	}
}

// Whoever has another file says in which line.
func TestOtherFile(t *testing.T) {
	f := ownerOf(t, poolOf(t, "ab", ""))
	n := &view.Change{Pools: []byte(textOf([]*config.Pool{poolOf(t, "abc", "")}))}
	if err := f.otherFile(n, f.placement()); !strings.HasPrefix(err.Error(),
		`the file of a has other pools: they lack "primary c:11211 of main`) {
		t.Error(err)
	}
}
