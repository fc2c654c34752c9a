package view

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// modern is a fleet of a and b, which carry something, and the witness c, with a group at home with each of the first.
func modern() View {
	v := three()
	for i := range v.Members {
		v.Members[i].Newest = Version
	}
	v.settle()
	for i := range v.Groups {
		v.Groups[i].Settled, v.Groups[i].Silent = true, 0
	}
	return v
}

func preparing(name string, incarnation, since uint64, pools string, holds bool) Command {
	return Command{
		Kind: Prepare, Name: name, Incarnation: incarnation, Since: since, Holds: holds, Pools: []byte(pools),
		Groups: []Group{{Name: "q", Home: "a"}, {Name: "r", Home: "b"}, {Name: "p", Home: "b"}},
	}
}

// holding is a fleet in which both members hold.
func holding(t *testing.T) (v View, since uint64) {
	t.Helper()
	v = step(t, modern(), preparing("a", 11, 0, "other", false))
	since = v.Change.Since
	if v.Version != withChanges || modern().Version != withChanges-1 {
		t.Fatalf("versions %d and %d", v.Version, modern().Version)
	}
	v = step(t, v, preparing("b", 12, since, "other", false))
	v = step(t, v, preparing("b", 12, since, "other", true))
	if v.Quiet() || !v.All(Standby) {
		t.Fatalf("%+v", v)
	}
	if v = step(t, v, preparing("a", 11, since, "other", true)); !v.Quiet() {
		t.Fatalf("%+v", v)
	}
	return v, since
}

// The pools change with the last group that is given up, and not before. Nobody gets a group meanwhile.
func TestChange(t *testing.T) {
	v, since := holding(t)
	v = step(t, v, Command{Kind: Yield, Name: "b", Incarnation: 12, Since: since, Settled: true})
	if owners(v) != "a " || string(v.Pools) != "pools" || v.Change == nil {
		t.Fatalf("%+v", v)
	}
	v = step(t, v, Command{Kind: Yield, Name: "a", Incarnation: 11, Since: since, Settled: true})
	if owners(v) != "a b b" || string(v.Pools) != "other" || v.Change != nil || v.Members[0].Prepared != Unprepared ||
		v.Turned != v.Epoch || v.Groups[0].Since != v.Turned {
		t.Fatalf("%+v", v)
	}
	for _, g := range v.Groups {
		if !g.Settled || g.Silent != 0 || g.Since != v.Epoch {
			t.Errorf("%+v", g)
		}
	}
	if _, _, err := Apply(v, joining("c", 23, 13, 9, "", 1, 2)); err == nil {
		t.Error("a witness has joined twice")
	}
	v = step(t, v, Command{Kind: Bury, Name: "a", Incarnation: 11, By: "b", Proven: true})
	if _, _, err := Apply(v, joining("a", 21, 11, 1, "pools", 1, 2)); err == nil ||
		!strings.Contains(err.Error(), `only they have "pools", and they lack "other"`) {
		t.Error(err)
	}
	step(t, v, joining("a", 21, 11, 1, "other", 1, 2))
}

// Whatever comes in between leaves the pools as they are, and groups get owners again.
func TestChangeIsAbandoned(t *testing.T) {
	for name, c := range map[string]Command{
		"a death":  {Kind: Bury, Name: "b", Incarnation: 12, By: "a", Proven: true},
		"silence":  {Kind: Bury, Name: "b", Incarnation: 12, By: "a"},
		"an end":   {Kind: Leave, Name: "b", Incarnation: 12, Settled: true},
		"a pause":  {Kind: Lapse, Name: "b", Incarnation: 12},
		"a start":  joining("b", 22, 12, 2, "pools", 1, 2),
		"an error": {Kind: Abandon, Name: "b", Incarnation: 12, Why: "its file is another"},
		"unsettled": {
			Kind: Yield, Name: "b", Incarnation: 12, // the copies of its group have to be compared
		},
	} {
		v, since := holding(t)
		if c.Kind == Abandon || c.Kind == Yield {
			c.Since = since
		}
		if w := step(t, v, c); c.Kind != Yield && w.Change != nil {
			t.Errorf("%s, and the change goes on: %+v", name, w)
		}
		v = step(t, v, Command{Kind: Yield, Name: "a", Incarnation: 11, Since: since, Settled: true})
		v = step(t, v, c)
		if v.Change != nil || string(v.Pools) != "pools" || strings.HasPrefix(owners(v), " ") ||
			strings.HasSuffix(owners(v), " ") || v.Members[0].Prepared != Unprepared {
			t.Errorf("%s: %+v", name, v)
		}
	}
	v, _ := holding(t)
	if w := Survive(v, Generation{2, 9}, "a", true, false); w.Change != nil || owners(w) != "a a" {
		t.Errorf("%+v", w)
	}
}

// What comes late, or is about another change, changes nothing.
func TestChangeIsRefused(t *testing.T) {
	v := modern()
	one := step(t, v, preparing("a", 11, 0, "other", false))
	since := one.Change.Since
	old := v.Clone()
	old.Members[1].Newest = 1
	old.settle()
	gone := v.Clone()
	gone.Members[1].State = Joining
	held, _ := holding(t)
	for name, c := range map[string]struct {
		in   View
		cmd  Command
		want string
	}{
		"the same pools":      {v, preparing("a", 11, 0, "pools", false), "the same"},
		"an older member":     {old, preparing("a", 11, 0, "other", false), "older version"},
		"somebody joins":      {gone, preparing("a", 11, 0, "other", false), "about to join"},
		"a witness":           {v, preparing("c", 13, 0, "other", false), "carries nothing"},
		"it is over":          {v, preparing("a", 11, 7, "other", false), "over"},
		"other pools":         {one, preparing("b", 12, since, "third", false), `only they have "third"`},
		"another change":      {one, preparing("b", 12, since+1, "other", false), "another change"},
		"not all are ready":   {one, preparing("a", 11, since, "other", true), "not all"},
		"holding from before": {one, preparing("b", 12, 0, "other", true), "another change"},
		"twice":               {one, preparing("a", 11, since, "other", false), "as far"},
		"a late end":          {one, Command{Kind: Abandon, Name: "b", Incarnation: 12, Since: since + 1}, "over"},
		"not asked":           {one, Command{Kind: Yield, Name: "a", Incarnation: 11, Since: since}, "not asked"},
		"of another":          {held, Command{Kind: Yield, Name: "a", Incarnation: 11, Since: 77}, "not asked"},
		"a dead process":      {one, preparing("b", 2, since, "other", false), "no such process"},
	} {
		if _, _, err := Apply(c.in, c.cmd); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// Any commands while pools change: they change only when all hold and nobody decides for anything, and nothing is left
// to be compared. Else each group has an owner as long as anybody can own it.
func TestAnyChange(t *testing.T) {
	turned := 0
	commands := func(t *rapid.T) {
		v := modern()
		for range rapid.IntRange(1, 80).Draw(t, "commands") {
			name := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name")
			c := preparing(name, v.Member(name).Incarnation, 0, rapid.SampledFrom([]string{
				"pools", "other", "other",
				"other", "third",
			}).Draw(t, "pools"), rapid.Bool().Draw(t, "holds"))
			c.Kind = rapid.SampledFrom([]Kind{
				Prepare, Prepare, Prepare, Prepare, Yield, Yield, Release, Lapse, Ready, Abandon, Bury, Join,
			}).Draw(t, "kind")
			c.Settled = rapid.IntRange(0, 5).Draw(t, "settled") > 0
			c.Life, c.Voter, c.Oldest, c.Newest = v.Member(name).Life, v.Member(name).Voter, 1, Version
			switch c.Kind {
			case Release:
				g := rapid.SampledFrom(v.Groups).Draw(t, "group")
				c.Group, c.Since = g.Name, g.Since
			case Join:
				c.Replaces, c.Incarnation = c.Incarnation, c.Incarnation+1
			case Bury:
				c.By, c.Proven = "c", true
			default:
				if v.Change != nil && rapid.IntRange(0, 5).Draw(t, "late") > 0 {
					c.Since = v.Change.Since
				}
			}
			next, _, err := Apply(v, c)
			if err != nil {
				continue
			}
			checkChange(t, v, next, c)
			if !bytes.Equal(v.Pools, next.Pools) {
				turned++
			}
			v = next
		}
	}
	for range 50 { // a hundred runs come to other pools nine times in ten
		if rapid.Check(t, commands); turned > 0 {
			return
		}
	}
	t.Error("it never came to other pools")
}

func checkChange(t *rapid.T, v, next View, c Command) {
	owned := func(g Group) bool { return g.Owner != "" }
	anybody := eligible(next.Member("a")) || eligible(next.Member("b"))
	if anybody && !next.Quiet() && slices.ContainsFunc(next.Groups, func(g Group) bool { return !owned(g) }) {
		t.Fatalf("%+v: a group has no owner: %+v", c, next)
	}
	if next.Quiet() && !slices.ContainsFunc(next.Groups, owned) {
		t.Fatalf("%+v: nobody decides for anything, and nothing changes: %+v", c, next)
	}
	if !bytes.Equal(v.Pools, next.Pools) {
		others := slices.ContainsFunc(v.Groups, func(g Group) bool {
			return owned(g) && g.Owner != c.Name || !owned(g) && !g.Settled
		})
		if !v.Quiet() || others || !c.Settled || !bytes.Equal(v.Change.Pools, next.Pools) || next.Change != nil {
			t.Fatalf("%+v: other pools after %+v", c, v)
		}
	}
}

// Who would be left behind is named before anything begins, and who is not ready meanwhile.
func TestUnready(t *testing.T) {
	for want, change := range map[string]func(*View){
		"": func(v *View) { v.Members[2].State = Absent }, // the witness has no pools
		"member b has a version of magent that cannot do this: upgrade it first": func(v *View) {
			v.Members[1].Newest = withChanges - 1
		},
		"member a is dead: wait until it is alive":    func(v *View) { v.Members[0].State = Absent },
		"member b is joining: wait until it is alive": func(v *View) { v.Members[1].State = Joining },
	} {
		v, got := modern(), ""
		change(&v)
		if err := v.Unready(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	v := step(t, modern(), preparing("b", 12, 0, "other", false))
	if got := strings.Join(v.Behind(Standby), " "); got != "a" {
		t.Errorf("%q is not ready", got)
	}
}
