package simulation

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"magent/internal/fleet/core"
)

// Between two members the network is cut for long, in one direction or in both, and whoever leads the agreement hears
// both. One of them is put out of the view, once, and says so. All that clients ask the others for is done. In the end
// all take part again.
func TestDeaf(t *testing.T) {
	for _, p := range []plan{{3, false, 2, core.AloneProven}, {3, true, 2, core.AloneProven}} {
		for seed := range uint64(2) {
			for from := range 3 {
				for to := range 3 {
					if p.witness && max(from, to) == 2 {
						continue
					}
					for _, both := range []bool{false, true} {
						name := fmt.Sprintf("seed %d, witness %v, cut from %d to %d, both ways: %v",
							seed, p.witness, from, to, both)
						if from != to && (from < to || !both) {
							deafened(t, name, quietly(seed, p), from, to, both)
						}
					}
				}
			}
		}
	}
}

// All members are killed, and come back. The view has processes then that nobody hears. Who joins need not hear them.
func TestAllComeBack(t *testing.T) {
	for seed := range uint64(10) {
		w := quietly(seed, plan{3, seed%2 == 0, 2, core.AloneProven})
		for _, n := range w.nodes {
			n.kill(false)
		}
		for _, n := range w.nodes {
			n.start()
		}
		all := func() bool { return w.served("p", nil) && w.served("q", nil) && w.calm() }
		if took := w.until(8*time.Second, all); !all() || w.check.found != "" {
			t.Errorf("seed %d: after %v: %s, %s", seed, took, viewText(w.nodes[0].core.View()), w.check.found)
		}
	}
}

func deafened(t *testing.T, name string, w *world, from, to int, both bool) {
	for range 4 {
		w.client()
	}
	w.run(time.Second)
	w.isolate(from, []int{to}, true, both, true)
	w.run(3 * time.Second)
	leader := w.nodes[slices.IndexFunc(w.nodes, func(n *node) bool { return n.core.Leader() })]
	known := leader.core.View()
	var in []*node
	for _, n := range w.nodes {
		if known.Has(n.cfg.Name, n.core.Incarnation()) {
			in = append(in, n)
		}
	}
	if len(in) != 2 || in[0].id == from && in[1].id == to {
		t.Errorf("%s: %d and %d are apart, and the view is %s", name, from, to, viewText(known))
	}
	for _, n := range w.nodes {
		if n.core.In() != slices.Contains(in, n) {
			t.Errorf("%s: %s says that it takes part: %v", name, n, n.core.In())
		}
	}
	var wrong []string
	for range 4 {
		w.asks(in, &wrong)
	}
	w.run(3 * time.Second)
	epoch := leader.core.View().Epoch
	w.run(6 * time.Second)
	if v := leader.core.View(); v.Epoch != epoch {
		t.Errorf("%s: it does not come to rest: %s, and before that %d", name, viewText(v), epoch)
	}
	if len(wrong) > 0 {
		t.Errorf("%s: not done: %q", name, wrong)
	}
	w.isolate(from, []int{to}, true, true, false)
	if took := w.until(8*time.Second, w.calm); took >= 8*time.Second {
		t.Errorf("%s: not all are back after %v: %s", name, took, viewText(leader.core.View()))
	}
	w.run(2 * time.Second)
	w.ending = true
	if w.run(4 * time.Second); w.check.found == "" {
		w.check.quiet()
	}
	if w.check.found != "" {
		t.Errorf("%s: %s", name, w.check.found)
	}
}

// asks is a client that asks some members, and notes what is not done.
func (w *world) asks(of []*node, wrong *[]string) {
	if w.ending {
		return
	}
	w.after(w.between(5*ms, 60*ms), func() {
		n := of[w.rng.IntN(len(of))]
		if n.cfg.Pools == nil {
			w.asks(of, wrong)
			return
		}
		o := w.check.begin(w, n)
		o.finish = func(out outcome) {
			if out != done {
				*wrong = append(*wrong, fmt.Sprintf("%v of %s: %d", o, n, out))
			}
			w.check.end(w, o, out)
			w.asks(of, wrong)
		}
		n.clients[o.id] = o
		n.serve(o)
	})
}
