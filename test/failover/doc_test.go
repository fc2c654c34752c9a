// Package failover kills, stops and restarts real memcacheds, and whole proxies, under the eyes of their clients.
//
// order_test.go shows that a primary and its backup see the mutations of a key in the same order: when many clients race for the
// same keys and then stop, both servers hold the same.
package failover

import (
	"fmt"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// pair is a proxy with one primary and one backup.
type pair struct {
	primary, backup *harness.Memcached
	proxy           *harness.Magent
}

// soon makes a proxy find servers well again within a test that are well within seconds by default.
func soon(args ...string) []string { return append([]string{"--probe-interval", "100ms"}, args...) }

// quick makes it also give up soon on what hangs: for tests where something does. What a busy machine holds up looks like that, too.
func quick(args ...string) []string {
	return soon(append([]string{"--timeout", "300ms", "--connect-timeout", "300ms"}, args...)...)
}

// startPair is for tests where servers die.
func startPair(t *testing.T) *pair { return startPairAs(t, soon) }

// startQuickPair is for tests where servers hang.
func startQuickPair(t *testing.T) *pair { return startPairAs(t, quick) }

func startPairAs(t *testing.T, with func(args ...string) []string) *pair {
	t.Helper()
	p := &pair{primary: harness.StartMemcached(t), backup: harness.StartMemcached(t)}
	p.proxy = harness.StartMagent(t, with("-s", p.primary.Addr, "-b", p.backup.Addr)...)
	return p
}

// awaitState waits until the proxy shows a server in a state. Meanwhile it has something to send to its servers.
func awaitState(t *testing.T, proxy *harness.Magent, server *harness.Memcached, state string) {
	t.Helper()
	c := harness.Dial(t, proxy.Addr)
	defer c.Close()
	testkit.Eventually(t, fmt.Sprintf("%s is %s", server.Name, state), func() error {
		for i := range 5 {
			c.Do(harness.Set(fmt.Sprintf("poke%d", i), "1"))
		}
		if got := harness.ServerStat(t, proxy.Addr, server.Addr, "state"); got != state {
			return fmt.Errorf("it is %q", got)
		}
		return nil
	})
}
