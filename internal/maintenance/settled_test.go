package maintenance

import (
	"strings"
	"testing"
)

// standby returns pools as a magent tells of them that stands by.
func standby(pools []Group) []Group {
	for i := range pools {
		pools[i].StandsBy()
	}
	return pools
}

func TestSettled(t *testing.T) {
	pool := func(change func(s []Server)) []Group {
		s := []Server{
			{Role: "primary", Address: "p", State: "up", Up: true},
			{Role: "primary", Address: "q", State: "up", Up: true},
			{Role: "backup", Address: "b", State: "up", Up: true},
		}
		change(s)
		return []Group{
			{Pool: "other", Servers: []Server{{Role: "primary", Address: "z", State: "ejected"}}},
			{Pool: "x", Servers: s},
		}
	}
	well := func([]Server) {}
	primaries, backups := []string{"q", "p"}, []string{"b"}
	for name, c := range map[string]struct {
		pools              []Group
		primaries, backups []string
		pool, why          string
	}{
		"all is well":   {pool(well), primaries, backups, "x", ""},
		"nobody's":      {pool(well), []string{"r"}, []string{"s"}, "", ""},
		"one too few":   {pool(well), []string{"p"}, backups, "x", "its pool x has other primaries or backups"},
		"one too many":  {pool(well), []string{"p", "q", "r"}, backups, "x", "has other primaries"},
		"roles swapped": {pool(well), backups, primaries, "x", "has other primaries"},
		"drained": {
			pool(func(s []Server) { s[0].State, s[0].Up = "drained", false }), primaries, backups, "x",
			"pool x: primary p is drained: undrain it",
		},
		"returning": {
			pool(func(s []Server) { s[1].State, s[1].Up = "returning", false }), primaries, backups, "x",
			"primary q is returning: wait until it is up",
		},
		"the backup is out": {
			pool(func(s []Server) { s[2].State, s[2].Up = "ejected", false }), primaries, backups, "x",
			"backup b is ejected: wait until it is up",
		},
		"dirty": {
			pool(func(s []Server) { s[0].Missed = true }), primaries, backups, "x", "0 dirty_keys",
		},
		"another pool has drained one": {
			append(pool(well), pool(func(s []Server) { s[0].State, s[0].Up = "drained", false })...),
			primaries, backups, "x", "primary p is drained",
		},
		"another pool has other roles": {
			append(pool(well), Group{Pool: "y", Servers: []Server{{Role: "backup", Address: "p", Up: true}}}),
			primaries, backups, "x", "",
		},
		"a standby": {
			standby(pool(well)), primaries, backups, "x", "pool x: it stands by, and does not know what",
		},
		"a standby of others": {standby(pool(well)), []string{"r"}, []string{"s"}, "", ""},
		"nobody decides": {
			pool(func(s []Server) { s[0].State, s[0].Up = StateUnknown, false }), primaries, backups, "x",
			"nobody who was asked knows how primary p is",
		},
		"nobody decides, and the rest is missing": {
			[]Group{{Pool: "x", Servers: []Server{{Role: "primary", Address: "p", State: StateUnknown}}}},
			primaries,
			backups, "x", "nobody who was asked knows how primary p is",
		},
	} {
		got, err := Settled(c.pools, c.primaries, c.backups)
		why := ""
		if err != nil {
			why = err.Error()
		}
		if got != c.pool || (c.why == "") != (why == "") || !strings.Contains(why, c.why) {
			t.Errorf("%s: %q, %v; want %q, %s", name, got, err, c.pool, c.why)
		}
	}
}
