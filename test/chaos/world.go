package chaos

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"magent/internal/testkit"
	"magent/test/harness"
	"magent/test/relay"
)

// setup describes a world, and what happens in it.
type setup struct {
	seed      uint64
	magent    starter
	args      []string // more of its arguments
	primaries int
	lag       time.Duration // of the network to the backup
	far       time.Duration // of the network to the primaries
	memcached []string      // more of its arguments
	timeout   time.Duration // of a reply; 0: 200 ms

	clients int
	keys    int           // at a time
	skew    float64       // 1: all keys are used alike; more: some are used often, others seldom
	depth   int           // requests of a client in flight, at most
	pace    time.Duration // maximum pause of a client between two pipelines
	ops     []operation
	// retries: how many of a client's pipelines are a loop of gets and cas instead, until it has stored something
	retries float64
	pad     int // so many bytes are added to each value on the wire

	faults   []fault
	victims  int // servers that faults hit: the first ones
	lifetime int // of a key: so many faults

	lossy  bool // keys may be lost, and come back with their last value: see stepLossy
	strict bool // also judge keys that were being changed when the proxy was killed
}

// starter runs a magent.
type starter func(testing.TB, ...string) *harness.Magent

// plain runs the magent that is tested.
func plain(tb testing.TB, args ...string) *harness.Magent {
	tb.Helper()
	return harness.StartBinary(tb, harness.Binary(tb), args...)
}

// without runs one that lacks a guard; "": none.
func without(guard string) starter {
	return func(tb testing.TB, args ...string) *harness.Magent {
		tb.Helper()
		return harness.StartWithout(tb, guard, args...)
	}
}

// places limits how many worlds there are at a time: each keeps about half a core busy, and its deadlines are short.
var places = make(chan struct{}, runtime.NumCPU())

// world is a proxy with primaries and a backup, behind relays, and its clients.
type world struct {
	setup
	t       *testing.T
	proxy   *harness.Magent
	servers []*harness.Memcached
	relays  []*relay.Relay
	fleet   *fleet  // in place of the three above
	homes   []*home // of the clients
	caches  []dialer
	r       *rand.Rand // of the faults
	begin   time.Time
	leave   func() // makes room for another world

	clients []*client
	self    *client // sends requests between the faults
	all     sync.WaitGroup
	ended   atomic.Bool
	calm    atomic.Bool  // clients pause
	round   atomic.Int64 // keys get new names with each round, so that histories stay short

	failed []int    // by server: deadlines that it had missed when settle looked last, and how often it was ejected
	deaths []int64  // of the proxy
	log    []string // of the faults
	struck map[string]int
	count  tally
	found  string // what no memcached would have answered; "": nothing so far

	mu      sync.Mutex
	costs   costs
	history map[int64]map[string][]porcupine.Operation // by round and key
	void    map[int64]bool                             // rounds in which both copies failed: keys may be lost then
	target  int                                        // the host of a fleet whose memcached was struck last
}

// dialer connects to a proxy or a server.
type dialer func() (*harness.Client, error)

// home is a proxy that clients are connected to.
type home struct {
	open  dialer
	lives atomic.Int64 // its ends and beginnings: odd while it is away
}

// tally is for the log.
type tally struct {
	faults int
	asked  int            // of rounds that are over
	rounds int            // that are over
	voids  int            // of them
	reads  int            // gets, of all rounds
	misses int            // of them
	errors map[string]int // error lines
	spoilt map[string]int // why rounds are void
}

// start makes a world when there is room for it. It ends with the test, or by end.
func start(t *testing.T, s setup) *world {
	t.Helper()
	w := newWorld(t, s)
	s.timeout = cmp.Or(s.timeout, 200*time.Millisecond)
	args := []string{
		"-l", testkit.DeadAddr(t),
		"--timeout", s.timeout.String(), "--connect-timeout", "200ms", "--probe-interval", "50ms",
	}
	for i := range s.primaries + 1 {
		// Several threads that yield after each request: what lies in the sockets of old and new connections mixes.
		m := harness.StartMemcached(t, append([]string{"-t", "4", "-R", "1", "-m", "64"}, s.memcached...)...)
		flag, lag := "-s", s.far
		if i == s.primaries {
			flag, lag = "-b", s.lag
		}
		r := relay.Start(t, m.Addr, lag)
		w.servers, w.relays = append(w.servers, m), append(w.relays, r)
		w.caches = append(w.caches, func() (*harness.Client, error) { return harness.Open(m.Addr) })
		args = append(args, flag, r.Addr)
	}
	w.failed = make([]int, len(w.servers))
	w.proxy = s.magent(t, append(args, s.args...)...)
	w.homes = []*home{{open: func() (*harness.Client, error) { return harness.Open(w.proxy.Addr) }}}
	w.settle(nobody) // on a busy machine the first connection may have been too late
	w.enterAll()
	return w
}

// newWorld waits until there is room for a world. It is empty.
func newWorld(t *testing.T, s setup) *world {
	t.Helper()
	places <- struct{}{}
	leave := sync.OnceFunc(func() { <-places })
	t.Cleanup(leave)
	return &world{
		setup: s, t: t, r: rand.New(&shared{source: rand.NewPCG(s.seed, 1)}), begin: time.Now(), leave: leave,
		struck: map[string]int{}, count: tally{errors: map[string]int{}, spoilt: map[string]int{}},
		history: map[int64]map[string][]porcupine.Operation{}, void: map[int64]bool{},
	}
}

// enterAll starts the clients.
func (w *world) enterAll() {
	w.self = w.enter(0)
	for id := range w.setup.clients {
		c := w.enter(id + 1)
		w.clients = append(w.clients, c)
		w.all.Go(c.run)
	}
}

// good returns the number of rounds in which one copy of each key was always up; if keys may be lost, of all rounds.
func (w *world) good() int {
	if w.lossy {
		return w.count.rounds
	}
	return w.count.rounds - w.count.voids
}

// end waits for the clients, and makes room for another world.
func (w *world) end() {
	w.ended.Store(true)
	w.all.Wait()
	w.self.conn.Close()
	w.leave()
}

// strike makes servers fail, one after the other, until the time is over or something is found.
func (w *world) strike(length time.Duration) {
	for begin := time.Now(); time.Since(begin) < length && w.found == ""; {
		f := w.faults[pick(w.r, w.faults, func(f fault) int { return f.weight })]
		i := w.r.IntN(w.victims)
		w.log = append(w.log, fmt.Sprintf("%s of server %d at %v", f.name, i,
			time.Since(w.begin).Round(time.Millisecond)))
		w.mu.Lock()
		w.costs.begin(f.name)
		if w.target = nobody; slices.Contains(hitMemcached, f.name) {
			w.target = i
		}
		w.mu.Unlock()
		f.strike(w, i)
		w.count.faults++
		w.struck[f.name]++
		if w.fleet != nil {
			time.Sleep(underWay) // else the next fault hits those requests, too, that this one has hit
		}
		w.settle(i, w.round.Load())
		if w.count.faults%w.lifetime == 0 {
			w.turn()
		}
	}
	if w.found == "" {
		w.turn()
	}
}

// nobody is the server that was struck when there was no fault.
const nobody = -1

// settle waits until all servers are used again, because only one of a pair may be away. It makes the rounds void if a
// server has failed since the last time without being struck: the machine was too busy, and both copies may have
// failed.
func (w *world) settle(struck int, rounds ...int64) {
	var stats map[string]string
	begin := time.Now()
	defer w.calm.Store(false)
	if w.fleet != nil {
		w.fleet.awaitWell(func() { w.calm.Store(time.Since(begin) > patience) })
		return // watch makes its rounds void
	}
	testkit.Eventually(w.t, "all servers are up", func() error {
		w.calm.Store(time.Since(begin) > patience)
		stats = harness.Stats(w.t, w.proxy.Addr, "servers")
		for i := range w.servers {
			state, dirty := stats[fmt.Sprintf("server:%d:state", i)], stats[fmt.Sprintf("server:%d:dirty_keys", i)]
			if state != "up" || dirty != "0" {
				return fmt.Errorf("server %d is %s, dirty keys: %s", i, state, dirty)
			}
		}
		return nil
	})
	for i := range w.servers {
		n := w.figure(stats, i, "timeouts") + w.figure(stats, i, "ejections")
		if i != struck && n > w.failed[i] {
			w.spoil("a server failed that was not struck", rounds...)
		}
		w.failed[i] = n
	}
}

// patience is how long clients go on while a server is out of use. Then it may be they who keep the machine busy.
const patience = 10 * time.Second

// figure returns a number from the stats of server i.
func (w *world) figure(stats map[string]string, i int, name string) int {
	n, err := strconv.Atoi(stats[fmt.Sprintf("server:%d:%s", i, name)])
	if err != nil {
		w.t.Fatalf("%s of server %d: %v", name, i, err)
	}
	return n
}

// spoil makes rounds void, and notes why.
func (w *world) spoil(why string, rounds ...int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count.spoilt[why]++
	for _, r := range rounds {
		w.void[r] = true
	}
}

// turn ends a round: it reads all keys once more, checks what clients saw, and compares the copies.
func (w *world) turn() {
	old := w.round.Add(1) - 1
	for _, c := range w.clients {
		testkit.Eventually(w.t, "the clients have left the round", func() error {
			if c.at.Load() <= old {
				return fmt.Errorf("client %d has not", c.id)
			}
			return nil
		})
	}
	w.settle(nobody, old, old+1)
	for i := 0; i < w.keys; i += 50 {
		var q query
		for k := i; k < min(w.keys, i+50); k++ {
			q = append(q, request{op: "get", key: w.key(old, k)})
		}
		w.self.ask(old, q)
	}
	w.settle(nobody, old, old+1)
	histories, void := w.take(old)
	w.count.rounds++
	if void {
		w.count.voids++
	}
	if void || w.lossy {
		w.tellCopies(old, histories)
		w.judge(histories, true)
		return
	}
	w.judge(histories, false)
	if w.found == "" {
		w.compareCopies(old, histories)
	}
}

func (w *world) key(round int64, k int) string { return fmt.Sprintf("r%d-%d", round, k) }

// shared is a source of random numbers for faults that overlap.
type shared struct {
	mu     sync.Mutex
	source rand.Source
}

// Uint64 makes it a rand.Source.
func (s *shared) Uint64() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Uint64()
}

// pick draws an index by weight.
func pick[T any](r *rand.Rand, all []T, weight func(T) int) int {
	sum := 0
	for _, x := range all {
		sum += weight(x)
	}
	n := r.IntN(sum)
	for i, x := range all {
		if n -= weight(x); n < 0 {
			return i
		}
	}
	panic("unreachable")
}
