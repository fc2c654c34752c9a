package chaos

import (
	"fmt"
	"testing"
	"time"

	"magent/test/harness"
)

// tooth is a world in which a missing guard is noticed soon.
type tooth struct {
	guard string
	setup setup
}

// teeth are the guards whose absence is noticed. In all of these worlds the faults hit primaries.
var teeth = []tooth{
	{"dirty", setup{ // many keys and a slow network to the backup, so that repairs take long
		primaries: 1, lag: 10 * time.Millisecond, clients: 8, keys: 1000, depth: 32,
		ops:    []operation{{"get", 2}, {"mget", 2}, {"set", 2}, {"delete", 1}, {"incr", 1}},
		faults: []fault{{"cut", 1, cut}},
	}},
	{"drain", setup{ // old connections hang, and continue when a new one is in use
		primaries: 1, clients: 8, keys: 100, depth: 16, pace: 5 * time.Millisecond,
		ops: []operation{{"get", 1}, {"set", 2}, {"delete", 1}}, faults: []fault{{"stall", 1, stall}},
	}},
	{"identity", setup{ // more keys than are written while the server is away
		primaries: 1, clients: 4, keys: 1000, depth: 4, pace: 5 * time.Millisecond,
		ops: []operation{{"get", 3}, {"mget", 1}, {"set", 1}}, faults: []fault{{"restart", 1, restart}},
	}},
	{"castag", setup{ // nobody else counts tokens
		primaries: 1, keys: 1, ops: operations, faults: []fault{{"collide", 1, collide}},
	}},
	{"refill", setup{ // as with dirty; keys are changed while they are copied
		primaries: 1, lag: 10 * time.Millisecond, clients: 8, keys: 1000, depth: 32,
		ops: []operation{{"get", 1}, {"set", 2}, {"delete", 2}}, faults: []fault{{"cut", 1, cut}},
	}},
}

const (
	soon   = time.Minute     // a missing guard must have been noticed by then
	enough = 3 * time.Second // time for a run with all guards, in which nothing must be noticed
)

// TestTeeth: where a guard is missing, it is noticed.
func TestTeeth(t *testing.T) {
	t.Parallel()
	for _, tooth := range teeth {
		t.Run(tooth.guard, func(t *testing.T) {
			t.Parallel()
			w := tooth.bite(t, "", enough)
			if w.found != "" {
				t.Errorf("no guard is missing, but %s", w.found)
			}
			if w = tooth.bite(t, tooth.guard, soon); w.found == "" {
				t.Errorf("nothing noticed in %v, with %d faults and %d operations", soon, w.count.faults,
					w.count.asked)
			}
			t.Logf("noticed after %v: %d faults, %d operations", time.Since(w.begin), w.count.faults, w.count.asked)
		})
	}
}

// collide makes the backup give a key the token that the primary gave to an earlier value of it. Tokens are counters:
// the primary is ahead of the backup, and the backup catches up while the primary is away.
func collide(w *world, i int) {
	q := request{key: w.key(w.round.Load(), 0)}
	ask := func(op string) {
		q.op, q.arg, q.token = op, w.self.value(), w.self.tokens[q.key]
		w.self.ask(w.round.Load(), query{q})
	}
	ask("set")
	ahead := w.token(i, q.key) - w.token(w.primaries, q.key)
	for ; ahead <= 0; ahead++ {
		w.direct(i, harness.Set("unrelated", "1"))
		if ahead == 0 {
			ask("set")
		}
	}
	ask("gets")
	w.relays[i].Cut()
	for range ahead {
		ask("set")
	}
	ask("cas")
	w.relays[i].Heal()
}

// token returns the token that server i itself has for a key.
func (w *world) token(i int, key string) (n int) {
	reply := w.direct(i, "gets "+key+"\r\n")
	if _, err := fmt.Sscanf(reply, "VALUE "+key+" 0 %d %d", new(int), &n); err != nil {
		w.t.Fatalf("gets of server %d: %q", i, reply)
	}
	return n
}

// direct asks server i itself.
func (w *world) direct(i int, request string) string {
	c := harness.Dial(w.t, w.servers[i].Addr)
	defer c.Close()
	return c.Do(request)
}

// bite runs faults for some time without a guard; "": with all of them.
func (x tooth) bite(t *testing.T, guard string, length time.Duration) *world {
	s := x.setup
	s.seed, s.magent, s.victims, s.lifetime, s.skew = *seed, without(guard), s.primaries, 1, 1
	w := start(t, s)
	defer w.end()
	w.strike(length)
	return w
}

func cut(w *world, i int) {
	w.relays[i].Cut()
	w.heal(i)
}

func restart(w *world, i int) {
	w.rest() // time to write keys
	w.servers[i].Restart()
}

func stall(w *world, i int) {
	w.relays[i].Stall()
	w.heal(i)
}
