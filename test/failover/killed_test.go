package failover

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// killedKeys is the number of keys that are being written when magent is killed.
const killedKeys = 500

// site is a pair whose magent is killed again and again.
type site struct {
	pair
	start func() *harness.Magent
	took  []time.Duration // from the start of a magent until each key had a good answer
}

// TestProxyDiesUnderLoad checks that after kill -9 both copies of every key are the same again, without anybody
// comparing them, and that this is no matter of seconds.
func TestProxyDiesUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(args []string) *harness.Magent { return harness.StartMagent(t, args...) })
	for round := range rounds(10) {
		s.killUnderLoad(t, round)
		s.took = append(s.took, s.restart(t))
		testkit.Until(t, "what was under way is settled, or nothing was", func() bool {
			log := s.proxy.Log()
			return strings.Contains(log, "is settled: ") || strings.Contains(log, `"keys":0,`)
		})
		if strings.Contains(s.proxy.Log(), "verify --repair") {
			t.Errorf("it advises to compare the copies:\n%s", s.proxy.Log())
		}
		awaitState(t, s.proxy, s.primary, "up")
		awaitState(t, s.proxy, s.backup, "up")
		for _, d := range s.differences(t) {
			t.Errorf("round %d: %s", round, d)
		}
		s.failOver(t)
	}
	slices.Sort(s.took)
	t.Logf("from the start until each of %d keys had a good answer: median %v, at most %v", killedKeys,
		s.took[len(s.took)/2], s.took[len(s.took)-1])
}

// TestProxyDiesWhileAServerHangs kills magent with requests under way to a server that hangs. That server finds them
// in its sockets when it goes on, long after the next magent has changed some of the keys.
func TestProxyDiesWhileAServerHangs(t *testing.T) {
	t.Parallel()
	for _, which := range []string{"primary", "backup"} {
		t.Run(which, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(args []string) *harness.Magent {
				return harness.StartMagent(t, quick(args...)...)
			})
			hung := s.backup
			if which == "primary" {
				hung = s.primary
			}
			for round := range rounds(5) {
				s.killWhileHanging(t, round, hung)
			}
		})
	}
}

func (s *site) killWhileHanging(t *testing.T, round int, hung *harness.Memcached) {
	t.Helper()
	hung.Pause()
	for i := range 10 {
		request, _ := batch(round, i, 0)
		c := harness.Dial(t, s.proxy.Addr)
		defer c.Close()
		c.Send(request)
	}
	harness.Dial(t, s.proxy.Addr).Do("version\r\n") // by now most of them are on their way
	s.proxy.Kill()
	s.proxy = s.start()
	c := harness.Dial(t, s.proxy.Addr)
	defer c.Close()
	later := fmt.Sprintf("later%d", round)
	for i := range killedKeys / 2 {
		testkit.Eventually(t, "the other server stores", func() error {
			if reply := c.Do(harness.Set(fmt.Sprintf("k%d", i), later)); reply != "STORED\r\n" {
				return errors.New(reply)
			}
			return nil
		})
	}
	copies := harness.MetaOf(t) == harness.FullMeta // else what a server has missed is deleted there
	check := func(when string) {
		t.Helper()
		for i, value := range s.read(t)[:killedKeys/2] {
			want := harness.Hit(fmt.Sprintf("k%d", i), later)
			if value != want && (copies || value != "END\r\n") {
				t.Errorf("round %d, %s: %q, want %q", round, when, value, want)
			}
		}
	}
	check("while it hangs")
	hung.Resume()
	awaitState(t, s.proxy, s.primary, "up")
	awaitState(t, s.proxy, s.backup, "up")
	check("when it is back")
	if !copies {
		return
	}
	for _, d := range s.differences(t) {
		t.Errorf("round %d: %s", round, d)
	}
	s.failOver(t)
}

// TestDeathUnderLoadIsNoticed checks that the test above would notice if nothing was done.
func TestDeathUnderLoadIsNoticed(t *testing.T) {
	t.Parallel()
	if harness.MetaOf(t) != harness.FullMeta {
		return // without them only the values are compared
	}
	s := newSite(t, func(args []string) *harness.Magent {
		patience := testkit.Patience.String()
		return harness.StartWithout(t, "underway",
			append([]string{"--timeout", patience, "--connect-timeout", patience}, args...)...)
	})
	for round := range 100 {
		s.killUnderLoad(t, round)
		s.restart(t)
		awaitState(t, s.proxy, s.primary, "up")
		awaitState(t, s.proxy, s.backup, "up")
		if d := s.differences(t); len(d) > 0 {
			t.Logf("after %d rounds %d keys differ, such as: %s", round+1, len(d), d[0])
			return
		}
	}
	t.Error("no key differs")
}

func newSite(t *testing.T, start func(args []string) *harness.Magent) *site {
	s := &site{pair: pair{primary: harness.StartMemcached(t), backup: harness.StartMemcached(t)}}
	args := soon("--state-dir", t.TempDir(), "-s", s.primary.Addr, "-b", s.backup.Addr, "--threads", "2")
	s.start = func() *harness.Magent { return start(args) }
	s.proxy = s.start()
	return s
}

// killUnderLoad kills magent while clients change all keys in many ways.
func (s *site) killUnderLoad(t *testing.T, round int) {
	t.Helper()
	const clients = 10
	var batches atomic.Int64
	limit := int64(clients * (5 + rand.IntN(20)))
	enough := make(chan struct{})
	run := func(i int) error {
		if i == clients {
			<-enough
			s.proxy.Kill()
			return nil
		}
		c, err := harness.Open(s.proxy.Addr)
		if err != nil {
			return err
		}
		defer c.Close()
		for n := 0; ; n++ {
			request, replies := batch(round, i, n)
			if c.TrySend(request) != nil {
				return nil
			}
			for range replies {
				if _, err := c.TryReply(); err != nil {
					return nil
				}
			}
			if batches.Add(1) == limit {
				close(enough)
			}
		}
	}
	if err := harness.Together(clients+1, run); err != nil {
		t.Fatal(err)
	}
}

// batch is a pipeline of a client.
func batch(round, client, n int) (request string, replies int) {
	var b strings.Builder
	for replies = range 30 {
		key := fmt.Sprintf("k%d", rand.IntN(killedKeys))
		exp := 1000 * (1 + rand.IntN(1000))
		switch value := fmt.Sprintf("%d%02d%04d%02d", 1+round, client, n, replies); rand.IntN(8) {
		case 0, 1:
			fmt.Fprintf(&b, "set %s 0 %d %d\r\n%s\r\n", key, exp, len(value), value)
		case 2:
			fmt.Fprintf(&b, "delete %s\r\n", key)
		case 3:
			fmt.Fprintf(&b, "incr %s 1\r\n", key)
		case 4:
			fmt.Fprintf(&b, "append %s 0 0 1\r\n7\r\n", key)
		case 5:
			fmt.Fprintf(&b, "touch %s %d\r\n", key, exp)
		case 6:
			fmt.Fprintf(&b, "add %s 0 %d %d\r\n%s\r\n", key, exp, len(value), value)
		case 7:
			fmt.Fprintf(&b, "cas %s 0 %d 1 %d\r\n5\r\n", key, exp, rand.IntN(1000))
		}
	}
	return b.String(), replies + 1
}

// restart starts magent again, and returns how long it took until each key had a good answer.
func (s *site) restart(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	s.proxy = s.start()
	s.read(t)
	return time.Since(began)
}

// read returns what clients read of each key.
func (s *site) read(t *testing.T) (values []string) {
	t.Helper()
	c := harness.Dial(t, s.proxy.Addr)
	defer c.Close()
	for i := range killedKeys {
		reply := c.Do(fmt.Sprintf("get k%d\r\n", i))
		if harness.IsError(reply) {
			t.Fatalf("k%d: %s", i, reply)
		}
		values = append(values, reply)
	}
	return values
}

// differences compares the copies of all keys. A memcached without meta commands cannot be copied from: its backup
// may lack a key.
func (s *site) differences(t *testing.T) (found []string) {
	t.Helper()
	p, b := harness.Dial(t, s.primary.Addr), harness.Dial(t, s.backup.Addr)
	defer p.Close()
	defer b.Close()
	request, mayLack := "mg k%d v f t\r\n", false
	if harness.MetaOf(t) != harness.FullMeta {
		request, mayLack = "get k%d\r\n", true
	}
	for i := range killedKeys {
		ask := fmt.Sprintf(request, i)
		ofP, ofB := p.Do(ask), b.Do(ask)
		if !alike(ofP, ofB) && !(mayLack && ofB == "END\r\n") {
			found = append(found, fmt.Sprintf("k%d: the primary has %q, the backup %q", i, ofP, ofB))
		}
	}
	return found
}

// alike reports whether two replies to mg are the same, with times to live that may differ by as much as clocks lag.
func alike(a, b string) bool {
	ttl := func(reply string) (rest string, ttl int) {
		line, value, _ := strings.Cut(reply, "\r\n")
		at := strings.LastIndex(line, " t")
		if at < 0 {
			return reply, 0
		}
		ttl, _ = strconv.Atoi(line[at+2:])
		return line[:at] + value, ttl
	}
	restA, ttlA := ttl(a)
	restB, ttlB := ttl(b)
	return restA == restB && max(ttlA-ttlB, ttlB-ttlA) <= late
}

// failOver checks that clients read the same when the primary has died.
func (s *site) failOver(t *testing.T) {
	t.Helper()
	if harness.MetaOf(t) != harness.FullMeta {
		return
	}
	before := s.read(t)
	s.primary.Kill()
	for i, after := range s.read(t) {
		if after != before[i] {
			t.Errorf("k%d: without the primary it is %q, before it was %q", i, after, before[i])
		}
	}
	s.primary.Restart()
	awaitState(t, s.proxy, s.primary, "up")
}
