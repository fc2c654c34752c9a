package hygiene

import (
	"errors"
	"fmt"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestNothingLeaks lets a thousand clients come and go while servers die and return. Afterwards the process must have
// no more descriptors and threads than before.
func TestNothingLeaks(t *testing.T) {
	primary, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	proxy := harness.StartMagent(t, "-s", primary.Addr, "-b", backup.Addr, "--probe-interval", "100ms")
	round := func(clients int) {
		t.Helper()
		for _, server := range []*harness.Memcached{primary, backup} {
			visit(t, proxy.Addr, clients/4)
			server.Kill()
			visit(t, proxy.Addr, clients/4)
			server.Restart()
			harness.AwaitState(t, proxy.Addr, server.Addr, "up")
		}
	}
	round(40) // whatever is made once is made now
	fds, threads := settled(t, proxy)
	round(1000)
	testkit.Eventually(t, "the descriptors are back", func() error {
		if now := proxy.FDs(); now > fds {
			return fmt.Errorf("%d descriptors, there were %d", now, fds)
		}
		return nil
	})
	if now := proxy.Threads(); now > threads+16 { // Go keeps a thread for each system call that once blocked
		t.Errorf("%d threads, there were %d", now, threads)
	}
}

// visit runs clients, ten at a time. Half of them disconnect without having read all replies.
func visit(t *testing.T, addr string, clients int) {
	t.Helper()
	for batch := range clients / 10 {
		err := harness.Together(10, func(i int) error {
			c, err := harness.Open(addr)
			if err != nil {
				return err
			}
			defer c.Close()
			key := fmt.Sprintf("key%d-%d", batch, i)
			if got, err := c.Try(harness.Set(key, "1")); err != nil || got != "STORED\r\n" {
				return fmt.Errorf("set: %q, %w", got, err)
			}
			if i%2 == 0 {
				return c.TrySend("get " + key + "\r\nget " + key + "\r\nstats\r\nget")
			}
			if got, err := c.Try("get " + key + "\r\n"); err != nil || got != harness.Hit(key, "1") {
				return fmt.Errorf("get: %q, %w", got, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// settled waits until the number of descriptors stays the same for a while.
func settled(t *testing.T, proxy *harness.Magent) (fds, threads int) {
	t.Helper()
	same := 0
	testkit.Eventually(t, "the descriptors settle", func() error {
		if now := proxy.FDs(); now != fds {
			fds, same = now, 0
		}
		if same++; same < 50 {
			return errors.New("they still change")
		}
		return nil
	})
	return fds, proxy.Threads()
}
