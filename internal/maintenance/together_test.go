package maintenance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"magent/internal/config"
)

// fleet is members that answer as a real one does, without connections.
type fleet struct {
	Together
	members map[string]*fakeMember
	done    []string // who has changed something, in order
	now     int64
}

type fakeMember struct {
	pool    config.Pool
	list    List
	owns    []string // the servers that it knows something of
	state   map[string]string
	away    bool
	refuses string // what it says when it is to do something
	dies    bool   // it does what it is to do, and does not answer; then it is away
}

func newFleet(names ...string) *fleet {
	f := &fleet{members: map[string]*fakeMember{}}
	f.Members, f.Self, f.Ask = names, names[0], f.ask
	for i, name := range names {
		m := &fakeMember{pool: poolOf("x"), state: map[string]string{}}
		switch i { // x/p:1 is the first one's, x/q:1 the second one's
		case 0:
			m.owns = []string{"p:1", "b:1"}
		case 1:
			m.owns = []string{"q:1", "b:1"}
		}
		f.members[name] = m
	}
	return f
}

var errAway = errors.New("nobody listens there")

func (f *fleet) ask(_ context.Context, name string, q Question) (a Answer, err error) {
	m := f.members[name]
	if m.away {
		return a, errAway
	}
	cfgs := []*config.Pool{&m.pool}
	if err := Known(cfgs, q.Wishes); err != nil {
		return Answer{Refused: err.Error()}, nil
	}
	if !q.Do {
		never := func(*config.Pool) bool { return false }
		a.Known, a.Drained = Report(cfgs, q.Wishes, never, m.servers)
		a.Orders = m.list
		return a, nil
	}
	list, err := m.list.Set(q.Wishes)
	switch {
	case err != nil:
		return Answer{Refused: err.Error()}, nil
	case m.refuses != "" && !q.Force:
		return Answer{Refused: m.refuses}, nil
	}
	if m.know(list) {
		f.done = append(f.done, name)
	}
	if m.dies {
		m.away = true
		return a, errAway
	}
	return a, nil
}

// know has a member be as a list says. It reports whether other servers are drained then.
func (m *fakeMember) know(list List) (changed bool) {
	after := list.Apply(cfgsOf(m.pool), []*config.Pool{&m.pool}, 1)[0]
	changed = !slices.Equal(after.Drained, m.pool.Drained)
	m.list, m.pool = list, after
	return changed
}

func cfgsOf(p config.Pool) []config.Pool { return []config.Pool{p} }

func (m *fakeMember) servers(int) (servers []Server) {
	for _, a := range m.owns {
		s := Server{Role: m.pool.RoleOf(a), Address: a, State: "up", Up: true, Weight: 1}
		if state := m.state[a]; state != "" {
			s.Up, s.State = false, state
		}
		if m.pool.DrainOf(a) != nil {
			s.Up, s.State = false, "drained"
		}
		servers = append(servers, s)
	}
	return servers
}

// where says which members have a server drained.
func (f *fleet) where(server string) (names []string) {
	for _, name := range f.Members {
		if f.members[name].pool.DrainOf(server) != nil {
			names = append(names, name)
		}
	}
	return names
}

func (f *fleet) wishes(server string, order *Order) ([]Wish, []Place) {
	return []Wish{{Pool: "x", Server: server, Order: order}}, []Place{{0, &f.members[f.Self].pool, server}}
}

var byAnn = &Order{Pool: "x", By: "ann", Reason: "why", Since: 5}

// ordered is what members keep of that, with a stamp.
func ordered(stamp int64) Order {
	o := *byAnn
	o.Server, o.Stamp = "p:1", stamp
	return o
}

// carryOut does what a command does without force.
func (f *fleet) carryOut(server string, order *Order) (effect *Effect, err error) {
	wishes, places := f.wishes(server, order)
	seen, err := f.Look(context.Background(), wishes)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(seen.Absent...); err != nil {
		return nil, err
	}
	if order == nil {
		if wishes, err = seen.Ended(places); err != nil {
			return nil, err
		}
	} else if effect = &seen.Effects(places)[0]; effect.Defiance != nil {
		return effect, effect.Defiance
	}
	f.now++
	return effect, f.Set(context.Background(), context.Background(), seen, Question{Wishes: wishes}, f.now)
}

// All members drain a server, and undrain it, whoever is asked and whoever decides for its keys.
func TestTogether(t *testing.T) {
	for _, self := range []string{"a", "b", "c"} {
		f := newFleet("a", "b", "c")
		f.Self = self
		e, err := f.carryOut("p:1", byAnn)
		want := "pool x, primary p:1: 50.0 % of the keys; their other copies are on backup b:1 (up)"
		if err != nil || e.String() != want {
			t.Errorf("%s: %v, %v", self, e, err)
		}
		if got := f.where("p:1"); !slices.Equal(got, f.Members) || !slices.Equal(f.done, f.Members) {
			t.Errorf("%s: drained on %v, in turn %v", self, got, f.done)
		}
		if got := f.members["c"].list; len(got) != 1 || got[0] != ordered(1) {
			t.Errorf("%s: it is kept as %v", self, got)
		}
		if e, err := f.carryOut("p:1", byAnn); err != nil || !strings.Contains(e.Drained, "by ann") {
			t.Errorf("%s: once more: %+v, %v", self, e, err)
		}
		if _, err := f.carryOut("b:1", byAnn); err == nil || !strings.Contains(err.Error(), "p:1, which has to") {
			t.Errorf("%s: the other copy: %v", self, err)
		}
		if _, err := f.carryOut("p:1", nil); err != nil || f.where("p:1") != nil {
			t.Errorf("%s: drained on %v, %v", self, f.where("p:1"), err)
		}
		if _, err := f.carryOut("p:1", nil); err == nil || !strings.Contains(err.Error(), "is not drained") {
			t.Errorf("%s: it is undrained twice: %v", self, err)
		}
	}
}

// What one of them does not do, the others have not done afterwards.
func TestTogetherOrNot(t *testing.T) {
	for what, c := range map[string]struct {
		change func(f *fleet)
		want   string
		done   []string // who has changed something, and who has taken it back
		left   []string
	}{
		"the last one refuses": {
			func(f *fleet) { f.members["c"].refuses = "no room" }, "member c: no room",
			[]string{"a", "b", "b", "a"},
			nil,
		},
		"the first one refuses": {
			func(f *fleet) { f.members["a"].refuses = "no room" }, "member a: no room", nil, nil,
		},
		"one is away": {
			func(f *fleet) { f.members["b"].away = true }, "member b cannot be asked: nobody listens there", nil, nil,
		},
		"one dies meanwhile": {
			func(f *fleet) { f.members["b"].dies = true }, "member b has not taken it back yet: nobody listens there",
			[]string{"a", "b", "a"},
			[]string{"b"},
		},
		"one has another pool": {
			func(f *fleet) { f.members["c"].pool.Name = "y" }, `member c: there is no server p:1 in a pool "x"`,
			nil, nil,
		},
		"nobody decides": {
			func(f *fleet) { f.members["a"].owns = nil }, "no member decides for the keys of p:1 in pool x at present",
			nil, nil,
		},
		"the backup is out for one of two": {
			func(f *fleet) { f.members["b"].state["b:1"] = "ejected" },
			"b:1, which has to answer for its keys, is ejected", nil, nil,
		},
	} {
		f := newFleet("a", "b", "c")
		c.change(f)
		_, err := f.carryOut("p:1", byAnn)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", what, err, c.want)
		}
		if !slices.Equal(f.done, c.done) || !slices.Equal(f.where("p:1"), c.left) {
			t.Errorf("%s: in turn %v, want %v; drained on %v, want %v", what, f.done, c.done, f.where("p:1"), c.left)
		}
	}
}

// An undrain that fails leaves who drained it, and when. What one member had before stays there.
func TestTogetherTakesBack(t *testing.T) {
	f := newFleet("a", "b", "c")
	if _, err := f.carryOut("p:1", byAnn); err != nil {
		t.Fatal(err)
	}
	f.members["c"].refuses = "no room"
	if _, err := f.carryOut("p:1", nil); err == nil {
		t.Error("it is undrained")
	}
	for name, m := range f.members {
		if len(m.list) != 1 || m.list[0] != ordered(3) || m.pool.DrainOf("p:1") == nil {
			t.Errorf("%s: %v", name, m.list)
		}
	}
}

// A command that only some members know is given once more, as it was: there is nothing to take back if one of the
// others refuses, for they learn it.
func TestTogetherAgain(t *testing.T) {
	f := newFleet("a", "b", "c")
	f.members["a"].know(List{ordered(0)}) // an older version has kept it
	f.members["c"].refuses = "no room"
	if _, err := f.carryOut("p:1", &Order{Pool: "x", By: "bob", Since: 9}); err == nil {
		t.Error("it is done")
	}
	if o := f.members["b"].list.of("x", "p:1"); fmt.Sprint(f.where("p:1")) != "[a b]" || o.By != "ann" {
		t.Errorf("drained on %v, %+v", f.where("p:1"), o)
	}
}

// What the file of pools drains, no command ends, and it says on which member.
func TestTogetherAndTheFile(t *testing.T) {
	f := newFleet("a", "b", "c")
	f.members["b"].pool.Drained = []config.Drain{{Server: "p:1", Since: 1}}
	_, err := f.carryOut("p:1", nil)
	want := "by the file of pools of member b: take it out of drained: in pool x"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Error(err)
	}
}

// One magent alone is asked in the same way, and speaks of no members.
func TestAlone(t *testing.T) {
	f := newFleet("")
	f.members[""].owns = []string{"p:1", "q:1", "b:1"}
	wishes, places := f.wishes("p:1", byAnn)
	seen, err := f.Look(context.Background(), wishes)
	if err != nil || seen.Effects(places)[0].Defiance != nil || f.Who(seen) != "" {
		t.Errorf("%+v, %v", seen, err)
	}
	f.members[""].refuses = "no room"
	if _, err := f.carryOut("p:1", byAnn); err == nil || err.Error() != "no room" {
		t.Error(err)
	}
	f.members[""].pool.Drained = []config.Drain{{Server: "p:1", Since: 1}}
	if _, err := f.carryOut("p:1", nil); err == nil || !strings.Contains(err.Error(), "by the file of pools: take") {
		t.Error(err)
	}
}

func TestUncovered(t *testing.T) {
	x := poolOf("x", config.Drain{Server: "p:1", By: "ann", Since: 5})
	cfgs := []*config.Pool{nil, &x}
	const uncovered = "primary p:1, which has to answer for its keys, is drained"
	for server, want := range map[string]string{"b:1": uncovered, "q:1": ""} {
		err := Uncovered(cfgs, []Wish{{Pool: "x", Server: server, Order: byAnn}})
		if fmt.Sprint(err) != want && (err != nil || want != "") {
			t.Errorf("%s: %v, want %q", server, err, want)
		}
	}
	if err := Uncovered(cfgs, []Wish{{Pool: "x", Server: "b:1"}}); err != nil {
		t.Errorf("undrained: %v", err)
	}
}
