package failover

import (
	"fmt"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestKillUnderLoad checks that no request sees an error or a wrong value when a server dies, not even one in flight.
func TestKillUnderLoad(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	for round := range rounds(20) {
		victim := p.primary
		if round%2 == 1 {
			victim = p.backup
		}
		took, err := load(p.proxy.Addr, fmt.Sprintf("r%d", round), victim.Kill)
		if err != nil {
			t.Fatalf("round %d, %s killed: %v", round, victim.Name, err)
		}
		if took > testkit.Patience/2 { // a single deadline is Patience
			t.Errorf("round %d: a pipeline took %v", round, took)
		}
		victim.Restart()
		awaitState(t, p.proxy, victim, "up")
	}
}

// TestStopUnderLoad checks that a server which hangs costs its timeouts and nothing else.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"primary", "backup"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startQuickPair(t)
			victim := map[string]*harness.Memcached{"primary": p.primary, "backup": p.backup}[name]
			took, err := load(p.proxy.Addr, "s", victim.Pause)
			if err != nil {
				t.Fatal(err)
			}
			if took > 5*hang { // a pipeline waits for a connection once, and for a reply
				t.Errorf("a pipeline took %v", took)
			}
			awaitState(t, p.proxy, victim, "ejected")
			c := harness.Dial(t, p.proxy.Addr)
			began := time.Now()
			for i := range 100 {
				holdSession(t, c, fmt.Sprintf("ejected%d", i))
			}
			if took := time.Since(began); took > 50*hang { // a deadline in each would be 100
				t.Errorf("100 sessions without the ejected server took %v", took)
			}
			victim.Resume()
			awaitState(t, p.proxy, victim, "up")
			holdSession(t, c, "up")
		})
	}
}

// TestStoppedServerAlone checks that without a backup a request fails after the timeout, and the connection stays
// usable.
func TestStoppedServerAlone(t *testing.T) {
	t.Parallel()
	server := harness.StartMemcached(t)
	proxy := harness.StartMagent(t, quick("-s", server.Addr)...)
	c := harness.Dial(t, proxy.Addr)
	c.Want(harness.Set("a", "1"), "STORED\r\n")
	server.Pause()
	began := time.Now()
	for range 3 {
		if got := c.Do("get a\r\n"); !harness.IsError(got) {
			t.Errorf("reply %q", got)
		}
	}
	if took := time.Since(began); took > 5*hang {
		t.Errorf("three errors took %v", took)
	}
	server.Resume()
	testkit.Eventually(t, "the server is used again", func() error {
		if got := c.Do("get a\r\n"); got != harness.Hit("a", "1") {
			return fmt.Errorf("reply %q", got)
		}
		return nil
	})
}

// TestBlackHole checks that a primary whose packets are dropped is given up after the connect timeout.
func TestBlackHole(t *testing.T) {
	t.Parallel()
	backup := harness.StartMemcached(t)
	for _, args := range [][]string{
		{"-s", testkit.BlackHole(t), "-b", backup.Addr},
		{"-s", backup.Addr, "-b", testkit.BlackHole(t)},
	} {
		proxy := harness.StartMagent(t, quick(args...)...)
		c := harness.Dial(t, proxy.Addr)
		began := time.Now()
		for i := range 10 {
			holdSession(t, c, fmt.Sprintf("%s%d", args[0], i))
		}
		if took := time.Since(began); took > 5*hang { // a deadline in each would be ten
			t.Errorf("%v: ten sessions took %v", args, took)
		}
	}
}
