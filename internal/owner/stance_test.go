package owner

import (
	"slices"
	"testing"

	"magent/internal/fleet/gate"
)

func TestSteps(t *testing.T) {
	g := gate.New()
	one, two := g.Begin("p", 1, gate.Life{}), g.Begin("p", 2, gate.Life{})
	none, other := stance{kind: refuses}, stance{kind: relays}
	next := stance{kind: relays, round: 1} // with another configuration
	split := stance{kind: splits}
	d1, d2 := stance{kind: decides, term: one}, stance{kind: decides, term: two}
	c1, c2 := stance{kind: cedes, term: one}, stance{kind: cedes, term: two}
	for _, c := range []struct {
		have, want stance
		steps      []step
	}{
		{none, none, nil},
		{none, other, []step{hold, relay}},
		{none, d1, []step{hold, build}},
		{none, c1, []step{forgo}},
		{other, other, nil},
		{other, next, []step{hold, relay}},
		{next, d1, []step{hold, build}},
		{other, d1, []step{hold, build}},
		{other, c1, []step{forgo}},
		{d1, d1, nil},
		{d1, other, []step{hold, relay}},
		{d1, c1, []step{hold, finish, release}},
		{d1, d2, []step{hold, build}},
		{d1, c2, []step{forgo}},
		{c1, c1, nil},
		{c1, d1, nil},
		{c1, d2, []step{hold, build}},
		{c1, other, []step{hold, relay}},
		{c1, c2, []step{forgo}},
		{none, stance{kind: refuses, round: 1}, nil},
		{other, none, []step{hold, relay, forget}}, // a group of none
		{c1, none, []step{hold, relay, forget}},
		{none, split, []step{refit}},
		{other, split, []step{refit}},
		{c1, split, []step{refit}},
		{split, split, nil},
		{split, stance{kind: splits, round: 1}, []step{refit}},
		{split, next, []step{hold, relay}},
		{split, d1, []step{hold, build}},
	} {
		if got := steps(c.have, c.want); !slices.Equal(got, c.steps) {
			t.Errorf("%+v to %+v: %v, want %v", c.have, c.want, got, c.steps)
		}
	}
}
