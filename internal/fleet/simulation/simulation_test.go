// Package simulation runs fleets of real cores, with raft in them, in a simulated world. Clocks drift. Messages are
// lost, late, out of order or duplicated. Processes are stopped, killed and started again with or without their disks.
// Links are cut in one direction or both, servers hang, and clients send requests. What the fleet promises is checked
// at each step.
package simulation

import (
	"crypto/rand"
	"flag"
	"fmt"
	mrand "math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"magent/internal/fleet/core"
)

var (
	seeds = flag.Int("seeds", manySeeds, "how many seeds to run")
	first = flag.Uint64("seed", 1, "the first seed; with -seeds 1 its course of events is printed")
)

// TestMain spends some memory, so that less time goes into collecting it: what lives is a few megabytes.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// randomness is what raft takes its random numbers from: the seed's.
type randomness struct{ *mrand.Rand }

// Read implements io.Reader.
func (r randomness) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return len(b), nil
}

// newWorld is that of a seed, with the fleet that the seed says.
func newWorld(seed uint64, tracing bool) *world { return newWorldOf(seed, tracing, nil) }

func newWorldOf(seed uint64, tracing bool, p *plan) *world {
	w := &world{
		rng: mrand.New(mrand.NewPCG(seed, 1)), cut: map[path]bool{}, latest: map[path]time.Duration{},
		tracing: tracing,
	}
	rand.Reader = randomness{w.rng}
	w.check = newCheck(w)
	plans := []plan{
		{3, false, 2, core.AloneProven},
		{3, false, 1, core.AloneProven},
		{3, true, 2, core.AloneProven},
		{2, false, 2, core.AloneProven},
		{2, false, 1, core.AloneVIP},
	}
	w.plan = plans[w.rng.IntN(len(plans))]
	if p != nil {
		w.plan = *p
	}
	w.noise = []noise{{disk: 0.02}, {0.01, 0.01, 0.01, 0.02, 0}, {0.05, 0.05, 0.05, 0.02, 0}}[w.rng.IntN(3)]
	for i := range 2 {
		w.servers = append(w.servers, &server{w: w, id: 100 + i, name: fmt.Sprintf("s%d", i), data: map[string]int{}})
	}
	var peers []core.Peer
	for i := range w.plan.members {
		peers = append(peers, core.Peer{Name: string(rune('a' + i)), Witness: w.plan.witness && i == w.plan.members-1})
	}
	id := func() uint64 { return w.rng.Uint64()>>1 + 1 }
	for i := range peers {
		w.nodes = append(w.nodes, &node{
			w: w, id: i, cfg: w.plan.config(i, peers, w.groupsBy("pools"), id), file: "pools", read: "pools",
			journal: map[missed]source{},
			offset:  w.between(time.Hour, 2*time.Hour), rate: 0.96 + 0.08*w.rng.Float64(),
		})
	}
	for _, n := range w.nodes {
		w.after(w.between(0, time.Second), n.start)
	}
	return w
}

// server finds one by name.
func (w *world) server(name string) *server {
	for _, s := range w.servers {
		if s.name == name {
			return s
		}
	}
	panic(name)
}

// live runs a fleet for a while: it is founded, things fail one after the other, and in the end all is well.
func (w *world) live() {
	for range 3 {
		w.client()
	}
	w.run(4 * time.Second)
	for range 4 {
		w.reload()
		w.run(w.strike())
		for range 12 {
			w.mendFiles()
			if w.run(500 * ms); w.calm() {
				break
			}
		}
	}
	w.noise = noise{}
	w.run(2 * time.Second)
	w.mendFiles()
	w.run(3 * time.Second)
	w.ending = true
	w.run(4 * time.Second)
	if w.check.found == "" {
		w.check.quiet()
	}
}

// Where nobody says how many seeds to run, a machine that is busy with something else need not run all of them.
const (
	enough   = 100
	patience = 5 * time.Minute
)

// TestSeeds: nothing that the fleet promises is broken in any of them.
func TestSeeds(t *testing.T) {
	total := newCheck(nil)
	steps, ran, began := 0, 0, time.Now()
	for ; ran < *seeds; ran++ {
		if *seeds == manySeeds && ran >= enough && time.Since(began) > patience {
			break
		}
		seed := *first + uint64(ran)
		w := newWorld(seed, *seeds == 1)
		w.live()
		steps += w.steps
		total.served += w.check.served
		total.failed += w.check.failed
		total.unknown += w.check.unknown
		total.takes += w.check.takes
		total.settled += w.check.settled
		total.turned += w.check.turned
		total.kept += w.check.kept
		for kind, n := range w.check.kinds {
			total.kinds[kind] += n
		}
		if w.tracing {
			t.Log(strings.Join(w.trace, "\n"))
		}
		if w.check.found != "" {
			t.Fatalf("seed %d, %+v: %s\nagain, with what happened: "+
				"go test ./internal/fleet/simulation -run TestSeeds -seeds 1 -seed %d -v",
				seed, w.plan, w.check.found, seed)
		}
	}
	t.Logf("%d seeds, %d steps: %d operations done, %d failed, %d unknown; groups taken over %d times, %d of them "+
		"without a comparison; pools changed %d times, and %d times not; faults %v",
		ran, steps, total.served, total.failed, total.unknown, total.takes, total.settled,
		total.turned, total.kept, total.kinds)
}
