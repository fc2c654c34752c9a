package maintenance

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/journal"
)

func TestJudge(t *testing.T) {
	up := func(role, address string) Server {
		return Server{Role: role, Address: address, State: "up", Up: true, Weight: 1}
	}
	out := func(role, address, state string) Server {
		return Server{Role: role, Address: address, State: state, Weight: 1}
	}
	incomplete := up("backup", "b")
	incomplete.Missed = true
	heavy := up("primary", "a")
	heavy.Weight, heavy.Items = 3, 7
	for name, c := range map[string]struct {
		servers []Server
		moves   bool
		line    string
		against string // empty: nothing
	}{
		"a primary with a good backup": {
			servers: []Server{heavy, up("primary", "p"), up("backup", "b")},
			line:    "pool x, primary a: 75.0 % of the keys, 7 items; their other copies are on backup b (up)",
		},
		"itself out of use": {
			servers: []Server{out("primary", "a", "ejected"), up("backup", "b")},
			line:    "pool x, primary a: 100.0 % of the keys; their other copies are on backup b (up)",
		},
		"a primary beside it is out": {
			servers: []Server{up("primary", "a"), out("primary", "p", "drained"), up("backup", "b")},
			line:    "pool x, primary a: 50.0 % of the keys; their other copies are on backup b (up)",
		},
		"no backup": {
			servers: []Server{up("primary", "a"), up("primary", "p")},
			line:    "pool x, primary a: 50.0 % of the keys, no other copy", against: "clients would get errors",
		},
		"no backup, and keys move": {
			servers: []Server{up("primary", "a"), up("primary", "p")}, moves: true,
			line: "pool x, primary a: 50.0 % of the keys, no other copy", against: "and are misses there",
		},
		"a backup is out": {
			servers: []Server{up("primary", "a"), up("backup", "b"), out("backup", "c", "warming")},
			line: "pool x, primary a: 100.0 % of the keys; their other copies are on backup b (up), " +
				"backup c (warming)",
			against: "backup c, which has to answer for its keys, is warming",
		},
		"a backup lacks keys": {
			servers: []Server{up("primary", "a"), incomplete},
			line:    "pool x, primary a: 100.0 % of the keys; their other copies are on backup b (up, incomplete)",
			against: "backup b, which has to answer for its keys, has not got all of them",
		},
		"a backup whose primary is drained": {
			servers: []Server{up("backup", "a"), up("primary", "p"), out("primary", "q", "drained")},
			line: "pool x, backup a: 100.0 % of the keys; their other copies are on primary p (up), " +
				"primary q (drained)",
			against: "primary q, which has to answer for its keys, is drained",
		},
	} {
		e := Judge("x", c.servers, "a", c.moves)
		if e.String() != c.line {
			t.Errorf("%s: %s\nwant %s", name, e.String(), c.line)
		}
		waits := Unready("x", c.servers, "a") != nil // a file may drain a server without other copies
		if want := c.against != "" && len(e.Others) > 0; waits != want {
			t.Errorf("%s: a reload has to wait: %v, want %v", name, waits, want)
		}
		against := ""
		if e.Defiance != nil {
			against = e.Defiance.Error()
		}
		if (against == "") != (c.against == "") || !strings.Contains(against, c.against) {
			t.Errorf("%s: %q, want %q", name, against, c.against)
		}
	}
}

func poolOf(name string, drained ...config.Drain) config.Pool {
	at := func(host string) config.Address {
		return config.Address{Network: "tcp", Host: host, Port: 1, Weight: 1}
	}
	return config.Pool{
		Name: name, Servers: []config.Address{at("p"), at("q")}, Backups: []config.Address{at("b")}, Drained: drained,
	}
}

// Orders are added to what the file drains. What the file drains keeps its time, and an order that ended goes.
func TestApply(t *testing.T) {
	before := poolOf("x", config.Drain{Server: "p:1", Since: 5}, config.Drain{Server: "b:1", By: "old", Since: 6})
	list := List{
		{Pool: "x", Server: "q:1", By: "ann", Reason: "why", Since: 7},
		{Pool: "x", Server: "p:1", By: "ann", Since: 8},
		{Pool: "y", Server: "b:1", By: "ann", Since: 9},
	}
	file := poolOf("x", config.Drain{Server: "p:1"}, config.Drain{Server: "b:1", By: "old", Since: 6})
	got := list.Apply([]config.Pool{file}, []*config.Pool{&before}, 100)[0].Drained
	want := []config.Drain{{Server: "p:1", Since: 5}, {Server: "q:1", By: "ann", Reason: "why", Since: 7}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := List(nil).Apply([]config.Pool{file}, nil, 100)[0].Drained; len(got) != 1 || got[0].Since != 100 {
		t.Errorf("what the file drains for the first time: %+v", got)
	}
	known, gone := list.Of([]config.Pool{file})
	if len(known) != 2 || len(gone) != 1 || gone[0].Pool != "y" {
		t.Errorf("known %+v, gone %+v", known, gone)
	}
}

func TestChanges(t *testing.T) {
	before, after := poolOf("x", config.Drain{Server: "p:1", Since: 5}, config.Drain{Server: "q:1", Since: 5}),
		poolOf("x", config.Drain{Server: "q:1", Since: 5}, config.Drain{Server: "b:1", By: "ann", Since: 6})
	got := Changes([]*config.Pool{&before, nil}, []*config.Pool{&after, nil})
	want := []Change{
		{"x", "backup", config.Drain{Server: "b:1", By: "ann", Since: 6}, false},
		{"x", "primary", config.Drain{Server: "p:1", Since: 5}, true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestPick(t *testing.T) {
	x := poolOf("x")
	pools := []*config.Pool{nil, &x}
	for server, want := range map[string]string{"p:1": "", "b:1": "", "z:1": `no pool has a server "z:1"`} {
		places, err := Pick(pools, server, "")
		switch {
		case want == "" && (err != nil || len(places) != 1 || places[0].Server != server):
			t.Errorf("%s: %v, %v", server, places, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %s", server, err, want)
		}
	}
	if _, err := Pick(pools, "p:1", "y"); err == nil {
		t.Error("there is no pool y")
	}
}

func TestKeep(t *testing.T) {
	place := journal.Place{Dir: t.TempDir()}
	if l, err := Read(place); l != nil || err != nil {
		t.Errorf("nothing is kept: %v, %v", l, err)
	}
	want := List{{Pool: "x", Server: "p:1", By: "ann", Reason: "why", Since: 5}}
	if err := want.Write(place); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(place); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	path := filepath.Join(place.Dir, journal.DrainedName)
	if err := List(nil).Write(place); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("an empty list has a file")
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(place); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a damaged file: %v", err)
	}
}
