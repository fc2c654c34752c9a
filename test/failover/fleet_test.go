package failover

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// swapped is the set-up of the how-to as a fleet: the primary of the one member is the backup of the other.
type swapped struct {
	a, b          *harness.Memcached
	first, second *harness.Magent
}

// startSwapped starts them, and waits until they have become a fleet.
func startSwapped(t *testing.T) *swapped {
	t.Helper()
	s := &swapped{a: harness.StartMemcached(t), b: harness.StartMemcached(t)}
	list := fleetList(t, "a", "b")
	s.first = startMember(t, list, "a", "-s", s.a.Addr, "-b", s.b.Addr)
	s.second = startMember(t, list, "b", "-s", s.b.Addr, "-b", s.a.Addr)
	for _, m := range []*harness.Magent{s.first, s.second} {
		awaitStored(t, m.Addr)
	}
	return s
}

// fleetList is a --fleet of members on this machine.
func fleetList(t *testing.T, names ...string) string {
	t.Helper()
	var list []string
	for _, name := range names {
		list = append(list, fmt.Sprintf("%s=127.0.0.1:%d", name, testkit.ReservePort(t)))
	}
	return strings.Join(list, ",")
}

func startMember(t *testing.T, list, name string, args ...string) *harness.Magent {
	t.Helper()
	return harness.StartMagent(t, soon(append(args, "--fleet", list, "--member", name, "--fleet-lease", harness.Lease,
		"--state-dir", t.TempDir(), "-l", fmt.Sprintf("127.0.0.1:%d", testkit.ReservePort(t)))...)...)
}

// awaitStored waits until a member has a value stored.
func awaitStored(t *testing.T, addr string) {
	t.Helper()
	c := harness.Dial(t, addr)
	testkit.Until(t, "the fleet decides", func() bool {
		reply, err := c.Try("set first 0 0 1\r\n1\r\n")
		return err == nil && reply == "STORED\r\n"
	})
}

// TestArticleAsFleet: the session of the how-to, line for line, with its two magents as a fleet. Then a memcached
// dies, and a magent.
func TestArticleAsFleet(t *testing.T) {
	t.Parallel()
	s := startSwapped(t)
	const takes = "this member takes its roles"
	testkit.Until(t, "the second one takes its roles", func() bool { return strings.Contains(s.second.Log(), takes) })
	if strings.Contains(s.first.Log(), takes) {
		t.Error("the second one alone has to take the roles of the first one")
	}
	replay(t, s.first, s.second, s.a, s.b)
}

// TestSwappedCopiesAgree: clients of both race for the same keys, and the copies are equal.
func TestSwappedCopiesAgree(t *testing.T) {
	t.Parallel()
	s := startSwapped(t)
	members := []*harness.Magent{s.first, s.second}
	err := harness.Together(racers, func(i int) error { return race(members[i%2].Addr, uint64(i)) })
	if err != nil {
		t.Fatal(err)
	}
	compareAll(t, s.a, s.b)
}

// TestSwappedMemberIsKilled: either of the two may be killed, and the other one goes on. What was stored is there.
func TestSwappedMemberIsKilled(t *testing.T) {
	t.Parallel()
	for _, which := range []string{"the owner", "the other"} {
		t.Run(which, func(t *testing.T) {
			t.Parallel()
			s := startSwapped(t)
			victim, left := s.first, s.second
			if ownsAll(t, s.second.Addr) == (which == "the owner") {
				victim, left = s.second, s.first
			}
			harness.Dial(t, victim.Addr).Want("set k 0 0 3\r\nold\r\n", "STORED\r\n")
			harness.Dial(t, victim.Addr).Want("set k 0 0 3\r\nnew\r\n", "STORED\r\n")
			victim.Kill()
			c, began := harness.Dial(t, left.Addr), time.Now()
			testkit.Until(t, "the other one serves", func() bool {
				reply, err := c.Try("get k\r\n")
				if err != nil || reply != harness.Hit("k", "new") && !strings.HasPrefix(reply, "SERVER_ERROR ") {
					t.Fatalf("%q, %v", reply, err)
				}
				return reply == harness.Hit("k", "new")
			})
			t.Logf("served again after %v", time.Since(began))
			c.Want("append k 0 0 1\r\n!\r\n", "STORED\r\n")
			victim.Restart()
			awaitStored(t, victim.Addr)
			harness.Dial(t, victim.Addr).Want("get k\r\n", harness.Hit("k", "new!"))
			one, other := harness.Dial(t, s.a.Addr), harness.Dial(t, s.b.Addr)
			testkit.Until(t, "both copies get what is stored", func() bool { // old servers cannot be filled
				c.Want("set k 0 0 4\r\nlast\r\n", "STORED\r\n")
				want := harness.Hit("k", "last")
				return one.Do("get k\r\n") == want && other.Do("get k\r\n") == want
			})
		})
	}
}

// ownsAll reports whether a member decides.
func ownsAll(t *testing.T, addr string) bool {
	t.Helper()
	figures := harness.Dial(t, addr).Do("stats fleet\r\n")
	return strings.Contains(figures, "STAT view:owner b\r\n") || strings.Contains(figures, "STAT owner:magent b\r\n")
}

// TestOtherServersAreRefused: a member with other servers is refused, and both sides say what differs.
func TestOtherServersAreRefused(t *testing.T) {
	t.Parallel()
	s := &swapped{a: harness.StartMemcached(t), b: harness.StartMemcached(t)}
	other, list := harness.StartMemcached(t), fleetList(t, "a", "b")
	s.first = startMember(t, list, "a", "-s", s.a.Addr, "-b", s.b.Addr)
	s.second = startMember(t, list, "b", "-s", other.Addr, "-b", s.a.Addr)
	for _, m := range []*harness.Magent{s.first, s.second} {
		testkit.Until(t, "it says what differs", func() bool {
			log := m.Log()
			return strings.Contains(log, `b cannot join: b has other pools: only they have \"primary `+other.Addr) &&
				strings.Contains(log, `"level":"error"`)
		})
	}
	got := harness.Dial(t, s.second.Addr).Do("get k\r\n")
	if !strings.HasPrefix(got, "SERVER_ERROR ") {
		t.Errorf("%q", got)
	}
}
