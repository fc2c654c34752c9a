// Package failover kills, stops and restarts real memcacheds, and whole proxies, while clients work.
//
// order_test.go checks that a primary and its backup get the mutations of a key in the same order: many clients race
// for the same keys, and when they stop both servers hold the same.
package failover

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// pair is a proxy with one primary and one backup.
type pair struct {
	primary, backup *harness.Memcached
	proxy           *harness.Magent
	hurried         bool // the next proxy gives up soon on servers that hang
}

// soon makes a proxy notice within the time of a test that a server is well again. The defaults take seconds.
func soon(args ...string) []string { return append([]string{"--probe-interval", "100ms"}, args...) }

// hang is how long a hurried proxy waits for a server. One that a busy machine keeps from running looks the same as
// one that hangs, so it is longer than that may take.
const hang = 8 * time.Second

// quick also makes it give up on servers that hang, for tests in which one does. The first request that is not
// answered is enough.
func quick(args ...string) []string {
	return soon(append([]string{
		"--timeout", hang.String(), "--connect-timeout", hang.String(), "--server-failure-limit", "1",
	}, args...)...)
}

// rounds is how often something is done whose moment is left to chance. -short is for those who run the suite with one
// memcached after the other.
func rounds(n int) int {
	if testing.Short() {
		return (n + 3) / 4
	}
	return n
}

// startPair starts a pair for tests in which servers die.
func startPair(t *testing.T) *pair { return startPairAs(t, soon) }

// startQuickPair starts a pair for tests in which servers hang.
func startQuickPair(t *testing.T) *pair { return startPairAs(t, quick) }

func startPairAs(t *testing.T, with func(args ...string) []string) *pair {
	t.Helper()
	p := &pair{primary: harness.StartMemcached(t), backup: harness.StartMemcached(t)}
	p.proxy = harness.StartMagent(t, with("-s", p.primary.Addr, "-b", p.backup.Addr)...)
	return p
}

// awaitState waits until the proxy shows a server in the given state. In the meantime it sends requests, so that each
// loop has to use its servers: none shows the state of a server that has died or come back since.
func awaitState(t *testing.T, proxy *harness.Magent, server *harness.Memcached, state string) {
	t.Helper()
	c := harness.Dial(t, proxy.Addr)
	defer c.Close()
	testkit.Eventually(t, fmt.Sprintf("%s is %s", server.Name, state), func() error {
		poke(c)
		if got := harness.ServerStat(t, proxy.Addr, server.Addr, "state"); got != state {
			return fmt.Errorf("it is %q", got)
		}
		return nil
	})
}

// pokes are so many that some of them go to each server of each role, by each loop.
const pokes = 60

// poke changes keys, whatever the answers are.
func poke(c *harness.Client) {
	var sets strings.Builder
	for i := range pokes {
		sets.WriteString(harness.Set(fmt.Sprint("poke", i), "1"))
	}
	c.Send(sets.String())
	for range pokes {
		c.Reply()
	}
}
