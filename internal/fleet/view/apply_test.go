package view

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// three is a fleet of a, b and c, of which c is a witness, with a group at home with each of the others.
func three() View {
	members := []Member{
		{Name: "a", State: Alive, Voter: 1, Incarnation: 11, Oldest: 1, Newest: 1},
		{Name: "b", State: Alive, Voter: 2, Incarnation: 12, Oldest: 1, Newest: 1},
		{Name: "c", State: Alive, Voter: 3, Incarnation: 13, Oldest: 1, Newest: 1, Witness: true},
	}
	return Found(Generation{1, 7}, 0, members, []Group{{Name: "p", Home: "a"}, {Name: "q", Home: "b"}},
		[]byte("pools"), false)
}

// joining is the command by which a process joins.
func joining(name string, incarnation, replaces, voter uint64, pools string, oldest, newest uint16) Command {
	return Command{
		Kind: Join, Name: name, Incarnation: incarnation, Replaces: replaces, Voter: voter,
		Pools: []byte(pools), Oldest: oldest, Newest: newest,
	}
}

// step applies a command that has to be taken.
func step(t *testing.T, v View, c Command) View {
	t.Helper()
	next, reason, err := Apply(v, c)
	if err != nil || reason == "" || next.Epoch != v.Epoch+1 {
		t.Fatalf("%+v: %v, reason %q, epoch %d after %d", c, err, reason, next.Epoch, v.Epoch)
	}
	return next
}

func owners(v View) string {
	var text []string
	for _, g := range v.Groups {
		text = append(text, g.Owner)
	}
	return strings.Join(text, " ")
}

func TestDeathAndReturn(t *testing.T) {
	v := three()
	if owners(v) != "a b" || v.Groups[0].Silent != 1 || v.Groups[0].Since != 1 {
		t.Fatalf("founded %+v", v)
	}
	v = step(t, v, Command{Kind: Bury, Name: "a", Incarnation: 11, By: "b"})
	if owners(v) != "b b" || v.Groups[0].Silent != 2 || v.Groups[0].Since != 2 || v.Has("a", 11) {
		t.Errorf("after a silent death %+v", v)
	}
	v = step(t, v, Command{Kind: Bury, Name: "b", Incarnation: 12, By: "c", Proven: true})
	if owners(v) != " " || v.Groups[0].Silent != 2 || v.Groups[1].Silent != 1 {
		t.Errorf("a proven death: its lease need not be waited for, but the one before it: %+v", v)
	}
	v = step(t, v, joining("a", 21, 11, 1, "pools", 1, 2))
	if owners(v) != " " || v.Member("a").State != Joining {
		t.Errorf("who is joining owns nothing: %+v", v)
	}
	v = step(t, v, Command{Kind: Ready, Name: "a", Incarnation: 21})
	if owners(v) != "a a" || v.Groups[0].Incarnation != 21 || v.Groups[0].Silent != 2 {
		t.Errorf("after the return %+v", v)
	}
	v = step(t, v, joining("b", 22, 12, 9, "pools", 1, 1))
	v = step(t, v, Command{Kind: Ready, Name: "b", Incarnation: 22})
	if owners(v) != "a a" || Wish(&v, &v.Groups[1]) != "b" || Wish(&v, &v.Groups[0]) != "" {
		t.Errorf("ownership is sticky, and q wished home: %+v", v)
	}
	if !reflect.DeepEqual(v.Voters(), []uint64{1, 3, 9}) || v.ByVoter(2) != nil || v.ByVoter(9).Name != "b" {
		t.Errorf("voters %v", v.Voters())
	}
	v = step(t, v, Command{Kind: Release, Name: "a", Incarnation: 21, Group: "q", Since: v.Group("q").Since, To: "b"})
	if owners(v) != "a b" || v.Groups[1].Silent != 1 || v.Groups[1].Incarnation != 22 {
		t.Errorf("after the hand-over %+v", v)
	}
}

// What was under way is known to be finished only if the last owner has said so.
func TestSettled(t *testing.T) {
	v := three()
	if v.Groups[0].Settled {
		t.Error("nobody knows who decided before the fleet")
	}
	release := func(settled bool) Command {
		g := v.Group("p")
		return Command{
			Kind: Release, Name: g.Owner, Incarnation: g.Incarnation, Group: "p", Since: g.Since, Settled: settled,
		}
	}
	if v = step(t, v, release(false)); v.Groups[0].Settled {
		t.Error("an owner that had not begun has settled something")
	}
	if v = step(t, v, release(true)); !v.Groups[0].Settled {
		t.Error("handed over in good order, and not settled")
	}
	g := v.Group("p")
	v = step(t, v, Command{Kind: Lapse, Name: g.Owner, Incarnation: g.Incarnation})
	if v.Groups[0].Settled {
		t.Error("an owner that has lost the lease has settled something")
	}
	for _, settled := range []bool{false, true} {
		g = v.Group("p")
		w := step(t, v, Command{Kind: Leave, Name: g.Owner, Incarnation: g.Incarnation, Settled: settled})
		if w.Groups[0].Settled != settled || w.Groups[0].Owner == g.Owner {
			t.Errorf("an owner has left, and has settled everything: %v; %+v", settled, w.Groups[0])
		}
	}
}

// A later process with the same state is proof that the one before it is dead, whatever it owned.
func TestAnotherIncarnation(t *testing.T) {
	v := step(t, three(), joining("a", 21, 11, 1, "pools", 1, 1))
	if owners(v) != "b b" || v.Groups[0].Silent != 1 || v.Lives("a", 11, 0) {
		t.Errorf("%+v", v)
	}
}

func TestLeaveAndLapse(t *testing.T) {
	v := step(t, three(), Command{Kind: Lapse, Name: "a", Incarnation: 11})
	if v.Lives("a", 11, 0) || !v.Lives("a", 11, 1) || !v.Lives("a", 11, 2) || v.Lives("a", 12, 2) {
		t.Error("the life before is not over, or one of a newer view is")
	}
	if v.Groups[0].Silent != 1 || v.Groups[0].Since != 2 || owners(v) != "a b" {
		t.Errorf("after a lapse %+v", v)
	}
	v = step(t, v, Command{Kind: Leave, Name: "a", Incarnation: 11})
	if owners(v) != "b b" || !reflect.DeepEqual(v.Voters(), []uint64{2, 3}) || v.Groups[0].Silent != 1 {
		t.Errorf("after leaving %+v", v)
	}
	v = step(t, v, Command{Kind: Leave, Name: "c", Incarnation: 13})
	v = step(t, v, Command{Kind: Leave, Name: "b", Incarnation: 12})
	if !reflect.DeepEqual(v.Voters(), []uint64{2}) {
		t.Errorf("the last one stays a voter: %v", v.Voters())
	}
}

func TestSurvive(t *testing.T) {
	v := three()
	alone := Survive(v, Generation{2, 8}, "b", false, false)
	if owners(alone) != "b b" || alone.Groups[0].Silent != 2 || alone.Groups[1].Silent != 1 ||
		!reflect.DeepEqual(alone.Voters(), []uint64{2}) {
		t.Errorf("%+v", alone)
	}
	if alone = Survive(v, Generation{2, 8}, "b", true, false); alone.Groups[0].Silent != 1 {
		t.Errorf("proven: %+v", alone)
	}
	if !alone.Generation.Over(v.Generation) || v.Generation.Over(v.Generation) {
		t.Error("order of generations")
	}
}

// A member that joins, and may have decided as nobody here knows, has all groups begun anew, with a comparison. What
// their owners finish in good order counts no more.
func TestDivided(t *testing.T) {
	v := three()
	v.Groups[0].Settled = true
	join := joining("b", 22, 12, 2, "pools", 1, 1)
	join.Divided = true
	v = step(t, v, join)
	if owners(v) != "a a" || !v.Groups[0].Divided || v.Groups[1].Divided || v.Groups[1].Settled {
		t.Errorf("who keeps a group is to begin anew, and who gets one compares: %+v", v.Groups)
	}
	v = step(t, v, Command{
		Kind: Release, Name: "a", Incarnation: 11, Group: "p", Since: v.Groups[0].Since, To: "a", Settled: true,
	})
	if g := v.Groups[0]; g.Owner != "a" || g.Since != v.Epoch || g.Divided || g.Settled {
		t.Errorf("begun anew: %+v", g)
	}
	if alone := Survive(v, Generation{2, 8}, "a", true, true); !alone.Groups[0].Divided {
		t.Errorf("who goes on alone after the other may have done so: %+v", alone.Groups)
	}
}

// What comes too late, or may not be, changes nothing and says why.
func TestRefused(t *testing.T) {
	for want, c := range map[string]Command{
		"a has no such process":             {Kind: Bury, Name: "a", Incarnation: 10, By: "b"},
		`"a" may not bury a`:                {Kind: Bury, Name: "a", Incarnation: 11, By: "a"},
		`"x" may not bury a`:                {Kind: Bury, Name: "a", Incarnation: 11, By: "x"},
		"a has joined with this process":    joining("a", 11, 11, 1, "pools", 1, 1),
		"or a later one":                    joining("a", 10, 11, 1, "pools", 1, 1),
		"a takes part already":              joining("a", 21, 11, 5, "pools", 1, 1),
		"a has other pools":                 joining("a", 21, 11, 1, "others", 1, 1),
		"a speaks versions 3 to 4":          joining("a", 21, 11, 1, "pools", 3, 4),
		"c has the state of another member": joining("c", 21, 0, 2, "pools", 1, 1),
		`"x" is not in the list`:            {Kind: Join, Name: "x", Incarnation: 21, Voter: 5},
		"a has another process by now":      joining("a", 21, 9, 1, "pools", 1, 1),
		"b has joined already":              {Kind: Ready, Name: "b", Incarnation: 12},
		`b does not own "p"`:                {Kind: Release, Name: "b", Incarnation: 12, Group: "p"},
		`a does not own "r"`:                {Kind: Release, Name: "a", Incarnation: 11, Group: "r"},
		// In another epoch.
		`a does not own "p"`: {Kind: Release, Name: "a", Incarnation: 11, Group: "p"},
		`"c" cannot own "p"`: {
			Kind: Release, Name: "a", Incarnation: 11, Group: "p",
			Since: 1, To: "c",
		},
		"a has begun its next life already": {Kind: Lapse, Name: "a", Incarnation: 11, Life: 3},
		"the pools are the same":            {Kind: Pools, Pools: []byte("pools"), Groups: []Group{{Name: "r"}}},
		"an unknown kind, 99":               {Kind: 99, Name: "a", Incarnation: 11},
	} {
		v := three()
		next, _, err := Apply(v, c)
		if err == nil || !strings.Contains(err.Error(), want) || !reflect.DeepEqual(next, three()) {
			t.Errorf("%s: %v, %+v", want, err, next)
		}
	}
}

// With other pools nobody takes part any more, and leases are waited for unless all owners are known to be dead.
func TestOtherPools(t *testing.T) {
	for _, proven := range []bool{false, true} {
		v := step(t, three(), Command{
			Kind: Pools, Pools: []byte("new"), Proven: proven,
			Groups: []Group{{Name: "q", Home: "b"}, {Name: "r", Home: "a"}},
		})
		want := map[bool]uint64{false: 2, true: 1}[proven]
		if string(v.Pools) != "new" || len(v.Groups) != 2 || v.Group("r").Silent != want ||
			v.Group("q").Silent != want || v.Group("q").Owner != "" ||
			v.Has("a", 11) || v.Has("b", 12) || !v.Has("c", 13) {
			t.Errorf("proven: %v, %+v", proven, v)
		}
		v = step(t, v, joining("a", 21, 11, 1, "new", 1, 1))
		v = step(t, v, Command{Kind: Ready, Name: "a", Incarnation: 21})
		if owners(v) != "a a" || v.Group("q").Settled {
			t.Errorf("%+v", v)
		}
	}
}

// The version of the rules is the newest that all speak.
func TestVersionOfTheRules(t *testing.T) {
	v := three()
	for i := range v.Members {
		v.Members[i].Newest = 4
	}
	v = step(t, v, Command{Kind: Lapse, Name: "a", Incarnation: 11})
	if v.Version != 4 || v.Oldest() != 3 {
		t.Fatalf("all speak 4, the view is of %d", v.Version)
	}
	v = step(t, v, Command{Kind: Bury, Name: "a", Incarnation: 11, By: "b", Proven: true})
	v = step(t, v, joining("a", 21, 11, 1, "pools", 1, 3))
	if v.Version != 3 {
		t.Errorf("one speaks 3, the view is of %d", v.Version)
	}
}

// Any commands, in any order, keep these rules. The old view stays as it is. Groups have owners that are alive
// whenever any member is. Another owner comes only with a new epoch. What is encoded can be read back.
func TestAnyCommands(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := three()
		for range rapid.IntRange(1, 60).Draw(t, "commands") {
			c := Command{
				Version:     Version,
				Kind:        Kind(rapid.IntRange(0, int(kinds)).Draw(t, "kind")),
				Name:        rapid.SampledFrom([]string{"a", "b", "c", "x"}).Draw(t, "name"),
				Incarnation: rapid.Uint64Range(11, 14).Draw(t, "incarnation"),
				Voter:       rapid.Uint64Range(1, 5).Draw(t, "voter"),
				Life:        rapid.Uint64Range(0, 2).Draw(t, "life"),
				By:          rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "by"),
				Proven:      rapid.Bool().Draw(t, "proven"),
				Replaces:    rapid.Uint64Range(11, 14).Draw(t, "replaces"),
				Since:       rapid.Uint64Range(1, 4).Draw(t, "since"),
				Group:       rapid.SampledFrom([]string{"p", "q"}).Draw(t, "group"),
				To:          rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "to"),
				Pools:       []byte("pools"), Oldest: 1, Newest: 1,
			}
			before := v.Encode()
			next, _, err := Apply(v, c)
			if !bytes.Equal(before, v.Encode()) {
				t.Fatalf("%+v changed the view it was applied to", c)
			}
			check(t, v, next, c, err)
			again, err := Parse(next.Encode())
			if err != nil || !reflect.DeepEqual(again, next) {
				t.Fatalf("read back %+v, %v\nwritten   %+v", again, err, next)
			}
			v = next
		}
	})
}

func check(t *rapid.T, v, next View, c Command, err error) {
	if err != nil {
		if !reflect.DeepEqual(v, next) {
			t.Fatalf("%v, and yet %+v", err, next)
		}
		return
	}
	anybody := eligible(next.Member("a")) || eligible(next.Member("b"))
	for i, g := range next.Groups {
		m := next.Member(g.Owner)
		if anybody != (g.Owner != "") || m != nil && (!eligible(m) || m.Incarnation != g.Incarnation) {
			t.Fatalf("%+v: owner of %+v", c, g)
		}
		old := v.Groups[i]
		changed := g.Owner != old.Owner || g.Incarnation != old.Incarnation
		if changed && g.Owner != "" && g.Since != next.Epoch {
			t.Fatalf("%+v: the owner changed in epoch %d: %+v", c, next.Epoch, g)
		}
		began := c.Kind == Began && g.Owner == c.Name && g.Name == c.Group && g.Since == c.Since
		if g.Silent < v.Groups[i].Silent && !began {
			t.Fatalf("%+v: a silent death is forgotten: %+v", c, g)
		}
	}
	if len(next.Voters()) == 0 {
		t.Fatalf("%+v: nobody votes", c)
	}
}
