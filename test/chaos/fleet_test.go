package chaos

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"magent/test/harness"
)

var (
	fleetTime = flag.Duration("fleet", time.Minute, "how long faults strike a fleet")
	fleetHit  = flag.String("hostfaults", "", "those that strike a fleet; empty: all")
)

// TestFleet: three hosts have a magent and a memcached each, and the magents are a fleet. Magents, memcacheds and
// hosts fail, and the network between any two of them, one at a time. What clients of all members see must be what a
// single memcached could have answered, and in the end the copies must agree.
func TestFleet(t *testing.T) {
	// It is not parallel, for it keeps the machine busy.
	all := hostFaults
	if *fleetHit != "" {
		all = named(t, *fleetHit, hostFaults, fault.called)
	}
	w := runFleet(t, harness.Binary(t), nil, all, *fleetTime)
	t.Logf("%d operations; %d faults: %v; %d rounds, %d of them void: %v; misses: %d of %d reads", w.count.asked,
		w.count.faults, w.struck, w.count.rounds, w.count.voids, w.count.spoilt, w.count.misses, w.count.reads)
	t.Logf("the faults since %s: %s", w.begin.Format("15:04:05.000"), strings.Join(w.log, ", "))
	t.Logf("what each kind of fault has cost: %v", &w.costs)
	if w.found != "" {
		t.Error(w.found)
	} else if err := w.variety(*fleetTime); err != nil {
		t.Error(err)
	}
}

// variety: enough has happened in such a time.
func (w *world) variety(length time.Duration) error {
	faults, rounds := int(length/(4*time.Second)), int(length/(12*time.Second))
	kinds := min(8, faults/2, len(w.faults))
	if length >= time.Minute {
		faults = max(faults, 20)
	}
	switch {
	case w.count.faults < faults:
		return fmt.Errorf("there were %d faults, want %d", w.count.faults, faults)
	case len(w.struck) < kinds:
		return fmt.Errorf("there were %d kinds of faults, want %d", len(w.struck), kinds)
	case w.good() < rounds:
		return fmt.Errorf("in %d of %d rounds all was well but what was struck, want %d: %v", w.good(),
			w.count.rounds, rounds, w.count.spoilt)
	case w.count.reads == w.count.misses:
		return errors.New("nothing was found")
	}
	return nil
}

func runFleet(t *testing.T, binary string, env []string, all []fault, length time.Duration) *world {
	t.Helper()
	t.Logf("seed %d: go test ./test/chaos -run '%s' -seed %d -fleet %v", *seed, t.Name(), *seed, length)
	w := newWorld(t, setup{
		seed: *seed, clients: 12, keys: 96, skew: 2, depth: 8, pace: 10 * time.Millisecond, retries: 0.1,
		ops: fleetOperations, faults: all, victims: members, lifetime: 2, strict: true,
	})
	startFleetWorld(w, binary, env, max(1, *loops), append(remembers(), []string{
		"--timeout", serverTimeout.String(), "--connect-timeout", connectTimeout.String(), "--probe-interval", "50ms",
	}...))
	defer w.end()
	w.strike(length)
	for more := 2; more > 0 && w.found == "" && w.variety(length) != nil; more-- { // a busy machine takes longer
		w.strike(min(length, time.Minute))
	}
	return w
}
