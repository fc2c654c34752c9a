package chaos

import (
	"flag"
	"strconv"
	"strings"
	"testing"
	"time"

	"magent/test/harness"
)

var (
	duration = flag.Duration("duration", time.Minute, "how long faults strike")
	seed     = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the clients and of the faults")
	struck   = flag.String("faults", "pause,hold,cut,stall,reset,tear,delay,vanish,swallow,half,restart,kill,killcut",
		"those that strike")
	asked  = flag.String("ops", "get,mget,gets,touch,set,add,append,incr,delete,cas", "what the clients do")
	strict = flag.Bool("strict", false,
		"judge also what is seen of a key that was being changed when the proxy died")
	memory = flag.String("hot-cache", "", "of magent; empty: none")
	loops  = flag.Int("loops", 0, "of magent; 0: as many as it likes, or as MAGENT_THREADS says")
)

func TestMain(m *testing.M) { harness.Main(m) }

// TestLinearizable: servers and the network fail, one server at a time. What clients see must be what a single
// memcached could have answered, and in the end the copies must agree.
func TestLinearizable(t *testing.T) {
	t.Parallel()
	t.Logf("seed %d", *seed)
	s := setup{
		seed: *seed, magent: plain, primaries: 2,
		clients: 8, keys: 96, skew: 2, depth: 8, pace: 10 * time.Millisecond, retries: 0.1,
		ops:     named(t, *asked, operations, func(o operation) string { return o.name }),
		faults:  named(t, *struck, faults, func(f fault) string { return f.name }),
		victims: 3, lifetime: 2, strict: *strict,
		// What a server has missed is deleted there, because it cannot be copied
		lossy: harness.MetaOf(t) == harness.NoMeta,
	}
	if *loops > 0 {
		s.args = append(s.args, "--threads", strconv.Itoa(*loops))
	}
	s.args = append(s.args, remembers()...)
	if strings.Contains(*struck, "kill") {
		s.args = append(s.args, "--state-dir", t.TempDir())
	}
	w := start(t, s)
	defer w.end()
	want := int(*duration / (6 * time.Second)) // exact rounds, of two faults each
	w.strike(*duration)
	for more := 2; more > 0 && w.good() < want && w.found == ""; more-- { // a busy machine makes rounds void
		w.strike(*duration)
	}
	t.Logf("%d operations, errors: %v", w.count.asked, w.count.errors)
	t.Logf("%d faults: %v", w.count.faults, w.struck)
	t.Logf("%d rounds, %d void", w.count.rounds, w.count.voids)
	if w.found != "" {
		t.Error(w.found)
	} else if w.good() < want {
		t.Errorf("in only %d of %d rounds one copy was always well, want %d", w.good(), w.count.rounds, want)
	}
}

// remembers returns the arguments for a magent that keeps values in memory, if it is to.
func remembers() []string {
	if *memory == "" {
		return nil
	}
	return []string{"--hot-cache", *memory}
}

// named returns the elements whose names are in a list.
func named[T any](t *testing.T, list string, all []T, name func(T) string) (some []T) {
	t.Helper()
	for word := range strings.SplitSeq(list, ",") {
		before := len(some)
		for _, x := range all {
			if name(x) == word {
				some = append(some, x)
			}
		}
		if len(some) == before {
			t.Fatalf("%q is not known", word)
		}
	}
	return some
}
