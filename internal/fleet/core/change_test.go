package core

import (
	"testing"
	"time"

	"magent/internal/fleet/view"
)

// changing is a process in whose view all members are as far with a change of the pools. It owns p, whose home is b.
func changing(t *testing.T, all view.Prepared) *Core {
	t.Helper()
	c, _, _ := fencing(t)
	c.in = true
	c.wish = &wish{pools: []byte("other"), since: 2, holds: true}
	c.view = view.View{
		Epoch: 3, Pools: []byte("pools"), Change: &view.Change{Since: 2, Pools: []byte("other")},
		Groups: []view.Group{{Name: "p", Home: "b", Owner: "a", Incarnation: c.meta.Incarnation, Since: 3}},
		Members: []view.Member{
			{Name: "a", State: view.Alive, Incarnation: c.meta.Incarnation, Prepared: all},
			{Name: "b", State: view.Alive, Incarnation: 5, Prepared: all},
		},
	}
	return c
}

// Nothing is moved home while the pools are about to change, or a server may have failed that nobody has looked at.
func TestNothingMovesHomeDuringAChange(t *testing.T) {
	for _, pending := range []bool{true, false} {
		c := changing(t, view.Standby)
		if c.now = 10 * time.Second; !pending {
			c.view.Change = nil
		}
		c.well["b"] = 0
		c.requestMove("p", c.holds["p"])
		if moves := c.holds["p"].stage == drains; moves == pending {
			t.Errorf("a change is pending: %v, and the group moves: %v", pending, moves)
		}
	}
}

// Pools do not change when a group has an owner that does not decide for it yet, and so cannot know whether keys may
// move. One that has decided gives it up.
func TestAnOwnerThatHasNotBegunGivesTheChangeUp(t *testing.T) {
	for at, want := range map[stage]view.Kind{waits: view.Abandon, drains: 0, stopped: view.Yield} {
		c := changing(t, view.Holding)
		h := c.holds["p"]
		h.stage, h.clean = at, true
		if got := c.changing(); got.Kind != want {
			t.Errorf("at stage %d it asks for %+v, want %d", at, got, want)
		}
	}
}
