package chaos

import (
	"errors"
	"flag"
	"strings"
	"testing"
	"time"

	"magent/test/harness"
)

var fleetTime = flag.Duration("fleet", 0, "how long faults strike a fleet; 0: not at all, for it still finds faults")

// TestFleet: three hosts have a magent and a memcached each, and the magents are a fleet. Magents, memcacheds and
// hosts fail, and the network between any two of them, one at a time. What clients of all members see must be what a
// single memcached could have answered, and in the end the copies must agree.
func TestFleet(t *testing.T) {
	if *fleetTime == 0 {
		t.Log("-fleet says for how long: nothing was done")
		return
	}
	t.Parallel()
	w := runFleet(t, harness.Binary(t), nil, *fleetTime)
	t.Logf("%d operations; %d faults: %v; %d rounds, %d of them void: %v; misses: %d of %d reads", w.count.asked,
		w.count.faults, w.struck, w.count.rounds, w.count.voids, w.count.spoilt, w.count.misses, w.count.reads)
	t.Logf("the faults since %s: %s", w.begin.Format("15:04:05.000"), strings.Join(w.log, ", "))
	t.Logf("what each kind of fault has cost: %v", &w.costs)
	if w.found != "" {
		t.Error(w.found)
	}
	if err := w.variety(); err != nil {
		t.Error(err)
	}
}

// variety: enough has happened.
func (w *world) variety() error {
	switch {
	case w.count.faults < int(*fleetTime/(3*time.Second)):
		return errors.New("there were too few faults")
	case len(w.struck) < 8:
		return errors.New("there were too few kinds of faults")
	case w.good() < w.count.rounds/4:
		return errors.New("the machine was too busy for most of the time")
	case w.count.reads == w.count.misses:
		return errors.New("nothing was found")
	}
	return nil
}

func runFleet(t *testing.T, binary string, env []string, length time.Duration) *world {
	t.Helper()
	t.Logf("seed %d: go test ./test/chaos -run '%s' -seed %d -fleet %v", *seed, t.Name(), *seed, length)
	w := newWorld(t, setup{
		seed: *seed, clients: 12, keys: 96, skew: 2, depth: 8, pace: 10 * time.Millisecond, retries: 0.1,
		ops: operations, faults: hostFaults, victims: members, lifetime: 2, strict: true,
	})
	startFleetWorld(w, binary, env, max(1, *loops), []string{
		"--timeout", serverTimeout.String(), "--connect-timeout", connectTimeout.String(), "--probe-interval", "50ms",
	})
	defer w.end()
	w.strike(length)
	return w
}
