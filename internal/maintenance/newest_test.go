package maintenance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magent/internal/config"
	"magent/internal/journal"
)

// learn has one member learn what another one knows.
func (f *fleet) learn(member, of string) {
	m := f.members[member]
	m.know(m.list.Learn(f.members[of].list, []*config.Pool{&m.pool}))
}

// force does what a command does by force: members that are away do nothing.
func (f *fleet) force(server string, order *Order) error {
	wishes, _ := f.wishes(server, order)
	seen, err := f.Look(context.Background(), wishes)
	if err != nil {
		return err
	}
	f.now++
	return f.Set(context.Background(), context.Background(), seen, Question{Wishes: wishes}, f.now)
}

// A member that was away learns what it has missed, whoever it asks, and teaches nobody what it has known before.
func TestLearn(t *testing.T) {
	for _, drained := range []bool{true, false} {
		f := newFleet("a", "b", "c")
		want := f.Members
		orders := []*Order{nil, byAnn}
		if !drained {
			want, orders = nil, []*Order{byAnn, nil}
		}
		if err := f.force("p:1", orders[0]); err != nil {
			t.Fatal(err)
		}
		f.members["c"].away = true
		f.now -= 1000 // another clock is behind
		if err := f.force("p:1", orders[1]); err != nil {
			t.Fatal(err)
		}
		f.members["c"].away = false
		f.learn("a", "c")
		f.learn("b", "c")
		if at := f.members["a"].pool.DrainOf("p:1"); (at != nil) != drained {
			t.Errorf("drained %v: it is forgotten again", drained)
		}
		f.learn("c", "a")
		if got := f.where("p:1"); !slices.Equal(got, want) {
			t.Errorf("drained on %v, want %v", got, want)
		}
	}
}

// What was taken back is taken back on a member, too, that has done it and is away since. The others do not learn it.
func TestLearnWhatWasTakenBack(t *testing.T) {
	f := newFleet("a", "b", "c")
	f.members["b"].dies = true
	if _, err := f.carryOut("p:1", byAnn); err == nil || len(f.where("p:1")) != 1 {
		t.Fatalf("%v, drained on %v", err, f.where("p:1"))
	}
	for _, m := range []string{"a", "c"} {
		f.learn(m, "b")
	}
	if got := f.where("p:1"); !slices.Equal(got, []string{"b"}) {
		t.Errorf("drained on %v", got)
	}
	if f.learn("b", "c"); f.where("p:1") != nil {
		t.Errorf("drained on %v", f.where("p:1"))
	}
}

// Of servers that it does not have a member learns nothing, and what its file drains stays drained.
func TestLearnOfOthers(t *testing.T) {
	x := poolOf("x", config.Drain{Server: "p:1", Since: 1})
	told := List{
		{Pool: "y", Server: "p:1", By: "ann", Stamp: 7},
		{Pool: "x", Server: "z:1", By: "ann", Stamp: 7},
		{Pool: "x", Server: "p:1", Stamp: 7, Ended: true},
	}
	list := List(nil).Learn(told, []*config.Pool{nil, &x})
	if !slices.Equal(list, told[2:]) || list.Apply(cfgsOf(x), nil, 1)[0].DrainOf("p:1") == nil {
		t.Errorf("%+v", list)
	}
}

// Whatever is commanded while some members are away: when all have learned, all know the last command, and do it.
func TestMembersAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFleet("a", "b", "c")
		f.members["c"].list = nil
		last := map[string]bool{} // is it drained
		name := rapid.SampledFrom(f.Members)
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			f.Self = name.Draw(t, "asked")
			for _, m := range f.Members {
				f.members[m].away = m != f.Self && rapid.Bool().Draw(t, "away")
			}
			server := rapid.SampledFrom([]string{"p:1", "q:1"}).Draw(t, "server")
			var order *Order
			if rapid.Bool().Draw(t, "drain") {
				order = &Order{Pool: "x", Server: server, By: "ann", Since: f.now}
			}
			known := f.members[f.Self].list.of("x", server)
			for _, m := range f.Members {
				if o := f.members[m].list.of("x", server); !f.members[m].away && o != nil && o.newer(known) {
					known = o
				}
			}
			if err := f.force(server, order); err != nil {
				t.Fatal(err)
			}
			if order == nil || known == nil || known.Ended { // else it was the one before once more
				last[server] = order != nil
			}
			if rapid.Bool().Draw(t, "learns") {
				f.learn(name.Draw(t, "who"), name.Draw(t, "of"))
			}
		}
		for range f.Members {
			for _, m := range f.Members {
				for _, of := range f.Members {
					f.learn(m, of)
				}
			}
		}
		for server, drained := range last {
			want := 0
			if drained {
				want = len(f.Members)
			}
			if got := f.where(server); len(got) != want {
				t.Errorf("%s is drained on %v, and was last to be: %v", server, got, drained)
			}
		}
		for _, m := range f.Members {
			for _, o := range f.members["a"].list {
				if p := f.members[m].list.of(o.Pool, o.Server); p == nil || *p != o {
					t.Errorf("%s knows %+v, a knows %+v", m, p, o)
				}
			}
		}
	})
}

// An older command is refused by who knows a newer one.
func TestOlderCommand(t *testing.T) {
	l := List{{Pool: "x", Server: "p:1", Stamp: 7, Ended: true}}
	after, err := l.Set([]Wish{{Pool: "x", Server: "p:1", Order: byAnn, Stamp: 6}})
	if err == nil || !strings.Contains(err.Error(), "another command for p:1 was newer") || !slices.Equal(after, l) {
		t.Errorf("%v, %v", after, err)
	}
}

// Orders that have ended are kept as well. A version that does not know of them reads nothing that it has a server
// for.
func TestKeepEnded(t *testing.T) {
	place := journal.Place{Dir: t.TempDir()}
	drained := Order{Pool: "x", Server: "p:1", By: "ann", Since: 5, Stamp: 5001}
	want := List{drained, {Pool: "x", Server: "q:1", Stamp: 7, Ended: true}}
	if err := want.Write(place); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(place); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	text, err := os.ReadFile(filepath.Join(place.Dir, journal.DrainedName))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), `"pool": "x"`); n != 2 || !strings.Contains(string(text), `"pool": ""`) {
		t.Errorf("%s", text)
	}
	if got := want.Drained(); fmt.Sprint(got) != fmt.Sprint(List{drained}) {
		t.Errorf("%v", got)
	}
}
