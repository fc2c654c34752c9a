package hearing

import (
	"fmt"
	"slices"
	"testing"

	"magent/internal/fleet/view"
)

// ears are processes that have been there for long, and hear whom they say. The first one leads.
func ears(hears ...[]uint64) (all []Ear) {
	for i, h := range hears {
		all = append(all, Ear{
			Name: string(rune('a' + i)), Incarnation: uint64(i), Leads: i == 0, Serial: Limit + 1, Hears: h,
		})
	}
	return all
}

// A hello with news in between two ticks takes the place of the last one, and proves nothing more. One that is older,
// or comes once more later, says nothing new.
func TestGreeted(t *testing.T) {
	h := All{}.Note(1, "a", 7)
	for _, c := range []struct {
		tick      int
		serial    uint64
		epoch     uint64
		greetings int
		has       uint64
	}{
		{1, 1, 10, 1, 10},
		{1, 1, 11, 1, 11},
		{2, 1, 11, 1, 11},
		{2, 2, 12, 2, 12},
		{3, 1, 11, 2, 12},
		{3, 2, 13, 2, 13},
	} {
		h.Greeted(c.tick, view.Generation{}, Hello{Serial: c.serial, Epoch: c.epoch})
		if h.Greetings != c.greetings || h.Hello.Epoch != c.has {
			t.Errorf("%+v: %d greetings, epoch %d", c, h.Greetings, h.Hello.Epoch)
		}
	}
}

// The successor of a process has its state directory. One hello is enough, unless it is old.
func TestSuccessor(t *testing.T) {
	a := All{}
	greet := func(tick int, incarnation, voter uint64) {
		a.Note(tick, "a", incarnation).Greeted(tick, view.Generation{}, Hello{Serial: 1, Voter: voter})
	}
	greet(1, 7, 100)
	greet(2, 9, 100)
	greet(2, 8, 100)
	greet(2, 11, 101)
	a.Note(2, "a", 10) // it has said something, but no hello
	for _, c := range []struct {
		tick               int
		voter, incarnation uint64
		want               uint64
	}{
		{2, 100, 7, 9},
		{2, 100, 8, 9},
		{2, 100, 9, 0},
		{2, 101, 7, 11},
		{2, 102, 7, 0},
		{2 + Fresh, 100, 7, 9},
		{3 + Fresh, 100, 7, 0},
	} {
		got := uint64(0)
		if h := a.Successor(c.tick, "a", c.voter, c.incarnation); h != nil {
			got = h.Incarnation
		}
		if got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

// Who does not hear the leader is put out, else who is apart from the most.
func TestWorst(t *testing.T) {
	all := []uint64{0, 1, 2, 3}
	without := func(gone ...uint64) []uint64 {
		left := []uint64{}
		for _, i := range all {
			if !slices.Contains(gone, i) {
				left = append(left, i)
			}
		}
		return left
	}
	for _, c := range []struct {
		name string
		ears []Ear
		want string
	}{
		{"all hear each other", ears(all, all, all, all), ""},
		{"nobody says", ears(nil, nil, nil, nil), ""},
		{"one does not hear the leader", ears(all, without(0), all, all), "b from a"},
		{"one hears nobody", ears(all, []uint64{}, all, all), "b from a"},
		{"the leader does not hear one", ears(without(1), all, all, all), "b from a"},
		{"one does not hear another one", ears(all, all, without(1), all), "c from b"},
		{"nor the other way", ears(all, without(2), without(1), all), "c from b"},
		{"only the other way", ears(all, without(2), all, all), "c from b"},
		{"one is apart from all but the leader", ears(all, without(2, 3), all, all), "b from c"},
		{"not hearing the leader counts more", ears(all, without(2, 3), without(0), all), "c from a"},
		{"an older version says nothing of whom it hears", ears(all, nil, without(1), all), "c from b"},
		{"two that have just come", young(ears(all, all, without(1), all), 2), ""},
		{"a witness need not hear others", witness(ears(all, all, all, without(1, 2)), 3), ""},
		{"but the leader", witness(ears(all, all, all, without(0)), 3), "d from a"},
		{"a witness leads", witness(ears(all, without(0), all, all), 0), "b from a"},
	} {
		got := ""
		if worst, from := Worst(c.ears); worst != nil {
			got = worst.Name + " from " + from.Name
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func young(all []Ear, i int) []Ear { all[i].Serial = Limit; return all }

func witness(all []Ear, i int) []Ear { all[i].Witness = true; return all }

// Who joins has to hear, and be heard by, all that take part. It does not matter for how long it has been there: else
// it would be let in for a moment time and again. The process that it replaces need not hear it.
func TestApart(t *testing.T) {
	all := []uint64{0, 1, 2, 9}
	for _, c := range []struct {
		ears  []Ear
		joins Ear
		want  string
	}{
		{ears(all, all), Ear{Name: "c", Incarnation: 9, Hears: all}, ""},
		{ears(all, all), Ear{Name: "c", Incarnation: 9}, ""},
		{ears(nil, nil), Ear{Name: "c", Incarnation: 9, Hears: all}, ""},
		{ears(all, all), Ear{Name: "c", Incarnation: 9, Hears: []uint64{}}, "a"},
		{ears(all, all), Ear{Name: "c", Incarnation: 9, Hears: []uint64{0}}, "b"},
		{ears(all, []uint64{0, 2}), Ear{Name: "c", Incarnation: 9, Hears: all}, "b"},
		{ears(all, []uint64{}), Ear{Name: "c", Incarnation: 9, Hears: all, Witness: true}, ""},
		{ears(all, []uint64{}), Ear{Name: "b", Incarnation: 9, Hears: []uint64{0}}, ""},
	} {
		got := ""
		if o := Apart(c.ears, &c.joins); o != nil {
			got = o.Name
		}
		if got != c.want {
			t.Errorf("%+v joins %+v: apart from %q, want %q", c.joins, c.ears, got, c.want)
		}
	}
}

// A member says whom it has heard within some ticks. One that hears nobody says that, too.
func TestHears(t *testing.T) {
	all := All{}
	want := func(tick int, says string) {
		t.Helper()
		if got := fmt.Sprint(all.Hears(tick)); got != says || all.Hears(tick) == nil {
			t.Errorf("at %d: %s, want %s", tick, got, says)
		}
	}
	want(0, "[]")
	all.Note(1, "a", 7) // it has said something else
	want(1, "[]")
	all.Note(2, "a", 7).Greeted(2, view.Generation{}, Hello{Serial: 1})
	all.Note(3, "b", 5).Greeted(3, view.Generation{}, Hello{Serial: 1})
	want(2+Limit, "[5 7]")
	want(3+Limit, "[5]")
	all.Note(20, "a", 7).Greeted(20, view.Generation{}, Hello{Serial: 1}) // it comes late, or twice
	want(20, "[]")
}

// Nobody is put out for what was said while the leader stood still, nor by somebody who is only about to take part.
func TestVerdict(t *testing.T) {
	all := []uint64{0, 1}
	well, apart := ears(all, all), ears(all, []uint64{1})
	var v Verdict
	for tick := range 3 * Fresh {
		now := apart
		if tick == Fresh {
			now = well // it hears the leader again, for once
		}
		v.Note(now)
		worst, _ := v.Worst(now)
		if put := worst != nil; put != (tick > 2*Fresh+1) {
			t.Errorf("after %d ticks: %v", tick, put)
		}
	}
	if worst, _ := v.Worst(well); worst != nil {
		t.Error("it is heard again")
	}
	three := []uint64{0, 1, 2}
	joins := ears(three, []uint64{0, 1}, []uint64{0, 2})
	joins[1].Joins = true
	if worst, from := Worst(joins); worst == nil || worst.Name != "b" || from.Name != "c" {
		t.Errorf("%+v is put out for %+v", worst, from)
	}
}
