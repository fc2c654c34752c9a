package chaos

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"magent/test/harness"
)

var each = flag.Duration("each", 10*time.Second, "how long faults strike in each mode")

// mode is a kind of faults with a promise. It notices if the guard is missing. If the guard is several ones, single
// ones rarely matter, because the others protect as well.
type mode struct {
	name    string
	promise string
	guard   string
	happens func(w *world) error // returns an error if what the mode is for has not happened
	setup   setup
}

const (
	exact = "what clients see is what one memcached could have said, and the copies agree"
	loses = "a key may be a miss, but what is found is the last value that was stored, and what was deleted does " +
		"not come back"
)

var modes = []mode{
	// The deadlines of some requests pass, and no server is ejected: the roles of the copies change by key
	{"slow", exact, "missed", onlyDeadlines, setup{
		primaries: 1, clients: 8, keys: 12, skew: 1.5, depth: 4, pace: 3 * time.Millisecond, retries: 0.5,
		ops:  operations,
		args: []string{"--server-failure-limit", "1000", "--connect-timeout", "10s"}, timeout: 100 * time.Millisecond,
		faults: []fault{slow}, victims: 2, lifetime: 8,
	}},
	// Both copies of a key are away, or one while the other is being repaired
	{"overlap", loses, "refill,hide", bothOut, setup{
		primaries: 2, clients: 8, keys: 400, skew: 1, depth: 16, pace: 10 * time.Millisecond, retries: 0.2,
		ops:    kept(operations, "append"),
		lag:    10 * time.Millisecond, // repairs take long
		faults: []fault{overlap}, victims: 2, lifetime: 2, lossy: true,
	}},
	{"evict", loses, "dirty,refill,hide", evictions, setup{ // servers are full, and single ones fail
		primaries: 1, clients: 8, keys: 400, skew: 1, depth: 4, pace: 5 * time.Millisecond, retries: 0.2,
		ops:       kept(operations, "append", "incr"),
		lag:       10 * time.Millisecond,
		memcached: []string{"-m", "8"}, pad: 60_000,
		faults: kept(faults, "kill", "killcut", "killstall", "killhold", "killpause"), victims: 2, lifetime: 2,
		lossy: true,
	}},
	{"ack", exact, "missed", nothing, setup{ // --ack primary
		primaries: 2, clients: 8, keys: 96, skew: 2, depth: 8, pace: 10 * time.Millisecond, retries: 0.2,
		ops:  operations,
		args: []string{"--ack", "primary"}, far: time.Millisecond, lag: 5 * time.Millisecond,
		faults: kept(faults, "kill", "killcut", "killstall", "killhold", "killpause"), victims: 3, lifetime: 2,
	}},
	{"lag", exact, "refill", nothing, setup{ // it takes 30 ms to every server and back, so that all requests overlap
		primaries: 2, clients: 8, keys: 48, skew: 2, depth: 8, pace: 10 * time.Millisecond, retries: 0.2,
		ops: operations,
		far: 15 * time.Millisecond, lag: 15 * time.Millisecond,
		faults: kept(faults, "kill", "killcut", "killstall", "killhold", "killpause"), victims: 3, lifetime: 2,
	}},
	{"hot", exact, "hotkeys", hits, setup{ // values of keys that are asked for often are in memory
		primaries: 2, clients: 8, keys: 24, skew: 1.5, depth: 8, pace: 5 * time.Millisecond, retries: 0.2,
		ops:  append([]operation{{"get", 20}}, operations...),
		args: []string{"--hot-cache", "16m"}, lag: 5 * time.Millisecond,
		faults: kept(faults, "kill", "killcut", "killstall", "killhold", "killpause"), victims: 3, lifetime: 2,
	}},
}

func nothing(*world) error { return nil }

// onlyDeadlines: some were missed, and no server was ejected.
func onlyDeadlines(w *world) error {
	stats := harness.Stats(w.t, w.proxy.Addr, "servers")
	missed := 0
	for i := range w.servers {
		if n := w.figure(stats, i, "ejections"); n > 0 {
			return fmt.Errorf("server %d: %d ejections", i, n)
		}
		missed += w.figure(stats, i, "timeouts")
	}
	if missed == 0 {
		return errors.New("no deadline was missed")
	}
	return nil
}

// bothOut: some requests could not be answered by any server.
func bothOut(w *world) error {
	if len(w.count.errors) == 0 {
		return errors.New("both copies were never out")
	}
	return nil
}

// hits: some reads were answered from memory.
func hits(w *world) error {
	if n := harness.Stats(w.t, w.proxy.Addr, "")["hot_hits"]; n == "" || n == "0" {
		return errors.New("nothing was answered from memory")
	}
	return nil
}

// evictions: a server has evicted something, and was not restarted since.
func evictions(w *world) error {
	for _, m := range w.servers {
		if n := harness.Stats(w.t, m.Addr, "")["evictions"]; n != "" && n != "0" {
			return nil
		}
	}
	return errors.New("nothing was evicted")
}

// kept removes some elements from a list.
func kept[T interface{ called() string }](all []T, without ...string) (rest []T) {
	for _, x := range all {
		if !slices.Contains(without, x.called()) {
			rest = append(rest, x)
		}
	}
	return rest
}

// TestModes: each mode keeps its promise.
func TestModes(t *testing.T) {
	t.Parallel()
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			m.setup.magent = plain
			w := m.run(t, *each)
			t.Logf("%d operations, errors: %v", w.count.asked, w.count.errors)
			t.Logf("%d faults: %v; %d rounds, %d void; misses: %d of %d reads", w.count.faults, w.struck,
				w.count.rounds, w.count.voids, w.count.misses, w.count.reads)
			if w.found != "" {
				t.Errorf("promised: %s. But %s", m.promise, w.found)
			}
			if w.count.asked == 0 || w.count.reads == w.count.misses {
				t.Error("nothing was found out")
			}
			if err := m.happens(w); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestModesHaveTeeth: each mode notices a missing guard.
func TestModesHaveTeeth(t *testing.T) {
	t.Parallel()
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			m.setup.magent = without(m.guard)
			w := m.run(t, soon)
			if w.found == "" {
				t.Errorf("nothing noticed without the guard %s in %v, with %d faults and %d operations", m.guard,
					soon, w.count.faults, w.count.asked)
			}
			t.Logf("noticed after %v: %d faults, %d operations", time.Since(w.begin), w.count.faults, w.count.asked)
		})
	}
}

func (m mode) run(t *testing.T, length time.Duration) *world {
	t.Logf("seed %d: go test ./test/chaos -run '%s' -seed %d -each %v", *seed, t.Name(), *seed, length)
	m.setup.seed = *seed
	w := start(t, m.setup)
	defer w.end()
	w.strike(length)
	return w
}
