package owner

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/discover"
	"magent/internal/fleet/view"
	"magent/internal/journal"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
)

func addresses(t *testing.T, texts ...string) (list []config.Address) {
	t.Helper()
	for _, text := range texts {
		a, err := config.ParseAddress(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, a)
	}
	return list
}

// ownerOf is an Owner of pools that does not run.
func ownerOf(t *testing.T, pools ...*config.Pool) *Owner {
	t.Helper()
	f := New(Options{
		Fleet:   &config.Fleet{Members: []config.FleetMember{{Name: "a"}}},
		Process: &pool.Process{Servers: discover.New(discover.Options{})},
	})
	t.Cleanup(f.o.Process.Servers.Close)
	f.lay(pools...)
	return f
}

// TestPlacement: pools that place keys in another way have another text, and those whose roles are exchanged are the
// same to the fleet.
func TestPlacement(t *testing.T) {
	base := func() *config.Pool {
		return &config.Pool{
			Name: "main", Distribution: "ketama", Hash: "md5", Servers: addresses(t, "10.0.0.1", "10.0.0.2:11212:3"),
			Backups: addresses(t, "10.0.0.3"),
		}
	}
	text := ownerOf(t, base()).placement()
	want := "pool main: ketama, md5\nprimary 10.0.0.1:11211 of main, weight 1\n" +
		"primary 10.0.0.2:11212 of main, weight 3\nbackup 10.0.0.3:11211 of main, weight 1\n"
	if string(text) != want {
		t.Errorf("%s", text)
	}
	for name, change := range map[string]func(*config.Pool){
		"hash":         func(p *config.Pool) { p.Hash = "crc32" },
		"tag":          func(p *config.Pool) { p.HashTag = "{}" },
		"distribution": func(p *config.Pool) { p.Distribution = "modula" },
		"weight":       func(p *config.Pool) { p.Servers[0].Weight = 2 },
		"name":         func(p *config.Pool) { p.Servers[0].Name = "x" },
		"order":        func(p *config.Pool) { slices.Reverse(p.Servers) },
		"backup":       func(p *config.Pool) { p.Backups = nil },
	} {
		other := base()
		change(other)
		if view.SamePools(text, ownerOf(t, other).placement()) {
			t.Errorf("another %s is taken for the same", name)
		}
	}
	swapped := base()
	swapped.Servers, swapped.Backups = swapped.Backups, swapped.Servers
	if !view.SamePools(text, ownerOf(t, swapped).placement()) {
		t.Error("exchanged roles are taken for other servers")
	}
	if redis := (&config.Pool{Name: "r", Redis: true}); len(ownerOf(t, redis).placement()) > 0 {
		t.Error("a pool of Redis counts")
	}
}

// TestPlacementOfManyServers: a text that would be too long for messages is a hash.
func TestPlacementOfManyServers(t *testing.T) {
	cfg := &config.Pool{Name: "main"}
	for i := range 1000 {
		cfg.Servers = append(cfg.Servers, addresses(t, fmt.Sprintf("10.0.%d.%d", i/256, i%256))...)
	}
	before := ownerOf(t, cfg).placement()
	if len(before) > 200 || !strings.HasPrefix(string(before), "pools and servers with the hash ") {
		t.Errorf("%d bytes: %.100s", len(before), before)
	}
	cfg.Servers[999].Weight = 2
	if string(ownerOf(t, cfg).placement()) == string(before) {
		t.Error("other pools have the same hash")
	}
}

// TestExchange: what is known of the servers is kept when their roles change.
func TestExchange(t *testing.T) {
	cfg := &config.Pool{Name: "main", Servers: addresses(t, "10.0.0.1"), Backups: addresses(t, "10.0.0.2")}
	f := ownerOf(t, cfg)
	known := &journal.Knowledge{
		Missed: map[journal.Server]*journal.Missed{
			pool.ServerOf(cfg, 1): {Identity: "5@7", Keys: []string{"k"}},
		},
	}
	f.remember(cfg, known)
	f.exchange(0, cfg)
	now := f.pool(0)
	if now.Servers[0] != cfg.Backups[0] || now.Backups[0] != cfg.Servers[0] {
		t.Errorf("%+v", now)
	}
	if m := f.book.Missed(pool.ServerOf(now, 0)); len(m.Keys) != 1 || m.Identity != "5@7" {
		t.Errorf("%+v", m)
	}
}

// TestExchangeGroups: the groups are those of the primaries that the pool has now, and each knows what was known of
// its keys.
func TestExchangeGroups(t *testing.T) {
	cfg := &config.Pool{
		Name: "main", Distribution: "ketama", Hash: "md5", Servers: addresses(t, "10.0.0.1"),
		Backups: addresses(t, "10.0.0.2", "10.0.0.3"),
	}
	other := placement.Exchanged(cfg)
	pools, groups := []*config.Pool{cfg}, placement.Groups(other)
	for i := range groups {
		pools = append(pools, &groups[i])
	}
	f := ownerOf(t, pools...)
	f.o.OnAll = func(func(*session.Shard)) {}
	known := &journal.Missed{}
	for i := range 20 {
		known.Keys = append(known.Keys, fmt.Sprint("key", i))
	}
	f.known = &journal.Knowledge{Missed: map[journal.Server]*journal.Missed{pool.ServerOf(cfg, 0): known}}
	names := func() (names []string) {
		for _, g := range f.groups() {
			names = append(names, g.Name)
		}
		return names
	}
	if got := names(); !slices.Equal(got, []string{"main"}) {
		t.Errorf("%q", got)
	}
	f.book.Void("main", 0, 50)
	f.exchange(0, cfg)
	for name, want := range map[string]int64{"main": 0, groups[0].Name: 50, groups[1].Name: 50} {
		if due := f.book.Due(name); due != want {
			t.Errorf("%s is flushed at %d, not %d", name, due, want)
		}
	}
	if got := names(); !slices.Equal(got, []string{"main/10.0.0.2:11211", "main/10.0.0.3:11211"}) {
		t.Errorf("%q", got)
	}
	whole, err := placement.New(other)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for i := range groups {
		missed := f.book.Missed(pool.ServerOf(&groups[i], 1)).Keys // of the backup
		sum += len(missed)
		for _, key := range missed {
			if whole.Share([]byte(key)) != i {
				t.Errorf("group %d is told of %s", i, key)
			}
		}
	}
	if sum != len(known.Keys) {
		t.Errorf("%d keys of %d are known", sum, len(known.Keys))
	}
}

// TestExchangeInTheJournal: the next process finds the time of a flush_all under the roles that the servers have now,
// and under no other ones, where nobody would take it back.
func TestExchangeInTheJournal(t *testing.T) {
	cfg := &config.Pool{Name: "main", Servers: addresses(t, "10.0.0.1"), Backups: addresses(t, "10.0.0.2")}
	f, place := ownerOf(t, cfg), journal.Place{Dir: t.TempDir()}
	var err error
	if f.o.Process.Journal, _, err = journal.Open(place, func(err error) { t.Error(err) }); err != nil {
		t.Fatal(err)
	}
	f.void("main", 0, 50)
	f.exchange(0, cfg)
	if err := f.o.Process.Journal.Close(); err != nil {
		t.Fatal(err)
	}
	j, known, err := journal.Open(place, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if want := pool.FlushesDue(f.pool(0), 50, map[journal.Server]int64{}); !maps.Equal(known.Due, want) {
		t.Errorf("%v, want %v", known.Due, want)
	}
}
