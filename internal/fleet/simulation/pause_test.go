package simulation

import (
	"slices"
	"testing"
	"time"

	"magent/internal/fleet/core"
)

// The leader of two members stands still for so long that the other one hears nobody any more. When it goes on,
// neither of them is put out. If it is killed a moment later, the other one goes on alone.
func TestLeaderStoodStill(t *testing.T) {
	const pause = 1500 * ms
	for seed := range uint64(10) {
		for _, dies := range []bool{false, true} {
			w := quietly(seed, plan{2, false, 2, core.AloneProven})
			w.run(w.between(0, 200*ms))
			leader := w.nodes[slices.IndexFunc(w.nodes, func(n *node) bool { return n.core.Leader() })]
			other := w.nodes[1-leader.id]
			before := other.core.Incarnation()
			leader.pause(pause)
			w.run(pause + w.between(20*ms, 1000*ms))
			var but *node
			if dies {
				leader.kill(false)
				but = leader
			}
			well := func() bool { return w.served("p", but) && w.served("q", but) && (dies || w.calm()) }
			took := w.until(5*time.Second, well)
			if !well() || other.core.Incarnation() != before || w.check.found != "" {
				t.Errorf("seed %d, it dies: %v: after %v, the other one is another process: %v, %s", seed, dies, took,
					other.core.Incarnation() != before, w.check.found)
			}
		}
	}
}
