package simulation

import (
	"testing"
	"time"

	"magent/internal/fleet/core"
)

// TestRefusal is a world for one guard: a voter refuses a lease from when it has the newer view in its log on, and
// not only once it knows that it is committed. The owner and raft's leader do not hear each other; the witness
// hears both. It acknowledges the leader's view, which is committed by that, and then nothing of the leader comes
// for a while. If it went on granting the owner's lease, that would outlive the leader's wait.
func TestRefusal(t *testing.T) {
	for seed := range uint64(10) {
		w := quietly(seed, plan{3, true, 2, core.AloneProven})
		leader, owner, witness := w.nodes[0], w.nodes[1], w.nodes[2]
		if owner.core.Leader() {
			leader, owner = owner, leader
		}
		group := map[*node]string{w.nodes[0]: "p", w.nodes[1]: "q"}[owner]
		if _, ok := owner.core.Owns(group); !ok || !leader.core.Leader() {
			t.Fatalf("seed %d: %s does not decide for %s, or %s does not lead", seed, owner, group, leader)
		}
		w.isolate(owner.id, []int{leader.id}, true, true, true)
		silent := path{leader.id, witness.id}
		w.posted = func(from, to *node, m core.Message) {
			if from == leader && to == witness && len(m.Raft.GetEntries()) > 0 {
				w.posted = nil
				w.set(silent, true)
				w.after(500*ms, func() { w.set(silent, false) })
			}
		}
		knows := func(n *node) bool { v := n.core.View(); return v.Group(group).Owner == leader.cfg.Name }
		if w.until(2*time.Second, func() bool { return knows(leader) }); !knows(leader) || knows(witness) {
			t.Fatalf("seed %d: the new view is known to the leader: %v, to the witness: %v",
				seed, knows(leader), knows(witness))
		}
		began := func() bool { _, ok := leader.core.Owns(group); return ok }
		w.until(3*time.Second, began)
		if w.check.found != "" || !began() {
			t.Fatalf(": seed %d: %s", seed, w.check.found)
		}
	}
}
