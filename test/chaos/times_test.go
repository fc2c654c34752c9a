package chaos

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

var rounds = flag.Int("times", 0, "how often TestFleetTimes measures each time; 0: not at all")

// timedKeys are enough for some to belong to each primary.
const timedKeys = 24

// settledTime is how long a fault without errors is looked at.
const settledTime = time.Second

// timed is a client of one member that stores all keys over and over.
type timed struct {
	h       *host
	c       *harness.Client
	value   string // that it stores
	errors  int
	said    string        // the first error
	longest time.Duration // that an answer took
}

// ask sends a request, on a new connection if there is none.
func (x *timed) ask(request string) (reply string) {
	began := time.Now()
	defer func() { x.longest = max(x.longest, time.Since(began)) }()
	var err error
	if x.c == nil {
		if x.c, err = x.h.open(); err != nil {
			return err.Error()
		}
	}
	if reply, err = x.c.Try(request); err != nil {
		x.c.Close()
		x.c = nil
		return err.Error()
	}
	return reply
}

// pass stores all keys, and reports whether each was stored.
func (x *timed) pass() bool {
	all := true
	for n := range timedKeys {
		if got := x.ask(harness.Set(timedKey(n), x.value)); got != "STORED\r\n" {
			x.errors++
			if all = false; x.said == "" {
				x.said = fmt.Sprintf("%s: %q", x.h.Name, got)
			}
		}
	}
	return all
}

func timedKey(n int) string { return fmt.Sprintf("%d-of-many-keys", n*7919) }

// together has clients of all hosts but one store a value of all keys for as long as more says so, which is asked
// after each pass. It returns when they have ended.
func (f *fleet) together(value string, but *host, more func(passed bool) bool) (all []*timed) {
	var done sync.WaitGroup
	for _, h := range f.hosts {
		if h == but {
			continue
		}
		x := &timed{h: h, value: value}
		x.ask("version\r\n")
		x.longest = 0
		all = append(all, x)
	}
	for _, x := range all {
		done.Go(func() {
			for passed := x.pass(); more(passed); passed = x.pass() {
			}
			if x.c != nil {
				x.c.Close()
			}
		})
	}
	done.Wait()
	return all
}

// outage is how long it takes after a fault until clients of all other hosts have had all keys stored. what is the
// fault.
func (f *fleet) outage(but *host, what func()) time.Duration {
	f.t.Helper()
	began := time.Now()
	what()
	f.together("new", but, func(passed bool) bool { return !passed && time.Since(began) < testkit.Patience })
	return time.Since(began)
}

// smooth is the longest answer during a fault that clients of the other hosts must not see an error of.
func (f *fleet) smooth(but *host, what func()) (longest time.Duration) {
	f.t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		time.Sleep(settledTime / 10) // the clients are at work
		what()
		time.Sleep(settledTime)
	}()
	for _, x := range f.together("new", but, func(bool) bool { return !isClosed(ended) }) {
		longest = max(longest, x.longest)
		if x.errors > 0 {
			f.t.Errorf("%d errors, the first of %s", x.errors, x.said)
		}
	}
	return longest
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// cutOff cuts a member off, and returns how long it takes until it says that it is not ready. Meanwhile others store
// new values: whatever it answers afterwards is an error, or the new value.
func (f *fleet) cutOff(h *host) (silent, unready time.Duration) {
	f.t.Helper()
	for _, x := range f.together("old", nil, func(bool) bool { return false }) {
		if x.errors > 0 {
			f.t.Errorf("%d errors, the first of %s", x.errors, x.said)
		}
	}
	served := make(chan time.Duration, 1)
	began := time.Now()
	f.network.Isolate(h.i)
	go func() { served <- f.outage(h, func() {}) }()
	testkit.Until(f.t, "who is cut off says so", func() bool {
		code, _, _ := harness.Run(f.t, h.Inside(harness.Binary(f.t), "health",
			fmt.Sprintf("127.0.0.1:%d", clientPort))...)
		return code != 0
	})
	unready = time.Since(began)
	silent = <-served
	conn, err := h.Dial(fmt.Sprintf("127.0.0.1:%d", clientPort), connectTime)
	if err != nil {
		f.t.Error(err)
	} else {
		c := harness.NewClient(conn)
		c.Limit = replyTime
		for n := range 4 {
			got, err := c.Try("get " + timedKey(n) + "\r\n")
			if err == nil && got != harness.Hit(timedKey(n), "new") && !strings.HasPrefix(got, "SERVER_ERROR ") {
				f.t.Errorf("who is cut off says %q", got)
			}
		}
		c.Close()
	}
	return silent, unready
}

// givesUp takes a group from its home, and cuts its owner off from the primary while clients write. So the owner gives
// its connection up, and memcached goes on to list it. It returns the owner.
func (f *fleet) givesUp() (owner *host) {
	f.t.Helper()
	home := f.awaitWell(func() {})
	home.end()
	home.startMagent()
	home.awaitServing()
	f.awaitWell(func() {})
	owners, _, err := f.owners()
	if err != nil {
		f.t.Fatal(err)
	}
	for what, h := range owners {
		if strings.HasSuffix(what, home.cache()) {
			owner = h
		}
	}
	if owner == nil || owner == home {
		f.t.Fatalf("%v decides for %s", owner, home.cache())
	}
	owner.Lose(cacheAddress(home.i))
	began := time.Now()
	f.together("lost", nil, func(bool) bool { return time.Since(began) < 3*settledTime })
	owner.Find(cacheAddress(home.i))
	f.awaitWell(func() {})
	return owner
}

// TestFleetTimes measures, from outside, how long clients wait when something happens to a fleet that is well. The
// limits are generous guards; what is promised is for a machine that is not busy.
func TestFleetTimes(t *testing.T) {
	// It is not parallel, for it measures.
	if *rounds == 0 {
		t.Log("-times says how often: nothing was done")
		return
	}
	const guard = 10 * time.Second
	f := startFleet(t, harness.Binary(t), nil, 1, []string{"--probe-interval", "50ms"})
	took := map[string][]time.Duration{}
	note := func(what string, d time.Duration) {
		if took[what] = append(took[what], d); d > guard {
			t.Errorf("%s: %v", what, d)
		}
	}
	for range *rounds {
		h := f.awaitWell(func() {})
		note("owner killed", f.outage(h, h.kill))
		h.startMagent()
		h.awaitServing()

		h = f.awaitWell(func() {})
		note("owner leaves", f.smooth(h, h.end))
		h.startMagent()
		h.awaitServing()

		f.awaitWell(func() {})
		cache := f.hosts[len(took["memcached killed"])%members]
		note("memcached killed", f.smooth(nil, func() { cache.memcached.Kill() }))
		cache.startMemcached()

		h = f.givesUp()
		note("owner killed, had given up", f.outage(h, h.kill))
		h.startMagent()
		h.awaitServing()

		h = f.awaitWell(func() {})
		silent, unready := f.cutOff(h)
		note("owner's host silent", silent)
		note("cut off: not ready", unready)
		f.network.Join(h.i)
	}
	f.awaitWell(func() {})
	for _, what := range []string{
		"owner killed", "owner killed, had given up", "owner leaves", "memcached killed", "owner's host silent",
		"cut off: not ready",
	} {
		all := slices.Sorted(slices.Values(took[what]))
		t.Logf("%-20s median %v, worst %v of %d", what, all[len(all)/2].Round(time.Millisecond),
			all[len(all)-1].Round(time.Millisecond), len(all))
	}
}
