package simulation

import (
	"strings"
	"testing"
	"time"

	"magent/internal/fleet/core"
)

// fenceSeeds is how many courses of events TestFence looks at.
const fenceSeeds = 300

// TestFence is a world for what a server may execute late. First something happens between an owner and a server, so
// that connections are given up: the server hangs, or the network is cut, both ways or one way. After a while
// something happens to the owner, and another one begins. Meanwhile the network is well again, or the server goes on,
// or not. Clients write all the time, and some answers are larger than the room that there is for them.
func TestFence(t *testing.T) {
	n := min(*seeds, fenceSeeds)
	if *seeds != manySeeds {
		n = *seeds
	}
	takes := 0
	for i := range n {
		w := fenced(*first+uint64(i), n == 1)
		takes += w.check.takes
		if n == 1 {
			t.Log(strings.Join(w.trace, "\n"))
		}
		if w.check.found != "" {
			t.Fatalf(": seed %d: %s", *first+uint64(i), w.check.found)
		}
	}
	t.Logf("%d seeds: groups taken over %d times", n, takes)
}

func fenced(seed uint64, tracing bool) *world {
	w := newWorldOf(seed, tracing, &plan{3, false, 2, core.AloneProven})
	w.noise, w.large, w.tardy = noise{}, 0.3, 80*ms
	w.run(6 * time.Second)
	for range 8 {
		w.client()
	}
	for range 3 {
		w.run(w.between(200*ms, time.Second))
		n, s := w.nodes[w.rng.IntN(2)], w.servers[w.rng.IntN(2)]
		for _, o := range w.nodes {
			if _, ok := ownsGroup(o, "p"); ok && w.chance(0.5) {
				n = o
			}
		}
		w.part(n, s)
		w.run(w.soon(2500 * ms))
		w.topple(n)
		w.run(w.between(0, 4*time.Second))
		w.cut = map[path]bool{}
		w.until(8*time.Second, w.calm)
	}
	return w
}

// soon is a random time, and often a short one.
func (w *world) soon(most time.Duration) time.Duration {
	if w.chance(0.5) {
		most /= 4
	}
	return w.between(50*ms, most)
}

// part has something happen between a member and a server.
func (w *world) part(n *node, s *server) {
	d := w.soon(4 * time.Second)
	out, in := w.chance(0.5), w.chance(0.5)
	if !out && !in {
		w.log("fault: %s hangs for %v", s.name, d)
		s.hungUntil = max(s.hungUntil, w.now+d)
		return
	}
	w.log("fault: cut between %s and %s, %v %v, for %v", n.cfg.Name, s.name, out, in, d)
	w.isolate(n.id, []int{s.id}, out, in, true)
	w.after(d, func() { w.isolate(n.id, []int{s.id}, out, in, false) })
}

// topple has something happen to a member after which others decide.
func (w *world) topple(n *node) {
	d := w.between(100*ms, 4*time.Second)
	switch w.rng.IntN(6) {
	case 0:
		n.kill(false)
		w.after(d, n.start)
	case 1, 2:
		n.pause(d)
	case 3, 4:
		if n.up && !n.paused {
			w.log("%s cedes", n.cfg.Name)
			n.core.Cede(n.local())
			n.drain()
			process := n.process
			w.after(4*time.Second, func() { // until then it reads what comes
				if n.up && n.process == process {
					n.kill(false)
					n.start()
				}
			})
		}
	default:
		w.isolate(n.id, []int{0, 1, 2}, true, true, true)
		w.after(d, func() { w.isolate(n.id, []int{0, 1, 2}, true, true, false) })
	}
}
