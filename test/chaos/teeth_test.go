package chaos

import (
	"testing"
	"time"

	"magent/test/harness"
)

// tooth is a world in which it shows soon that a guard is missing.
type tooth struct {
	guard string
	setup setup
}

// teeth are the guards that are known to be missed. In all of these worlds it is primaries that are struck.
var teeth = []tooth{
	{"dirty", setup{ // many keys, and a slow network to the backup: it takes long to make them good
		primaries: 1, lag: 10 * time.Millisecond, clients: 8, keys: 1000, depth: 32,
		ops: []operation{{"get", 2}, {"mget", 2}, {"set", 2}, {"delete", 1}, {"incr", 1}}, faults: []fault{{"cut", 1, cut}},
	}},
	{"drain", setup{ // old connections hang, and go on when a new one is in use
		primaries: 1, clients: 8, keys: 100, depth: 16, pace: 5 * time.Millisecond,
		ops: []operation{{"get", 1}, {"set", 2}, {"delete", 1}}, faults: []fault{{"stall", 1, stall}},
	}},
	{"refill", setup{ // as with dirty; keys are changed while they are copied
		primaries: 1, lag: 10 * time.Millisecond, clients: 8, keys: 1000, depth: 32,
		ops: []operation{{"get", 1}, {"set", 2}, {"delete", 2}}, faults: []fault{{"cut", 1, cut}},
	}},
}

const (
	soon   = time.Minute     // a missing guard must have been noticed by then
	enough = 3 * time.Second // so long is looked whether nothing is noticed when none is missing
)

// TestTeeth: where a guard is missing, it is noticed.
func TestTeeth(t *testing.T) {
	for _, tooth := range teeth {
		t.Run(tooth.guard, func(t *testing.T) {
			w := tooth.bite(t, "", enough)
			if w.found != "" {
				t.Errorf("no guard is missing, but %s", w.found)
			}
			if w = tooth.bite(t, tooth.guard, soon); w.found == "" {
				t.Errorf("nothing noticed in %v, with %d faults and %d operations", soon, w.count.faults, w.count.asked)
			}
			t.Logf("noticed after %v: %d faults, %d operations", time.Since(w.begin), w.count.faults, w.count.asked)
		})
	}
}

// bite lets faults strike for some time where a guard is missing; "": none.
func (x tooth) bite(t *testing.T, guard string, length time.Duration) *world {
	t.Setenv("MAGENT_FAULT", guard)
	s := x.setup
	s.seed, s.binary, s.victims, s.lifetime, s.skew = *seed, harness.BinaryWithFaults(t), s.primaries, 1, 1
	w := start(t, s)
	defer w.end()
	w.strike(length)
	return w
}

func cut(w *world, i int) {
	w.relays[i].Cut()
	w.rest()
	w.relays[i].Heal()
}

func stall(w *world, i int) {
	w.relays[i].Stall()
	w.rest()
	w.relays[i].Heal()
}
