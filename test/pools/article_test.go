package pools

import (
	"fmt"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestDeadNodeStaysOut uses the settings of a how-to article, failure_limit 0 and a huge retry time. A server that
// failed once stays ejected until somebody intervenes, although it is back. Its keys are on the others.
func TestDeadNodeStaysOut(t *testing.T) {
	servers := memcacheds(t, 3)
	listen := testkit.DeadAddr(t)
	m := harness.StartMagent(t, "-c",
		testkit.TempFile(t, "pools.yml", "cache:\n  listen: "+listen+
			"\n  hash: fnv1a_64\n  distribution: ketama\n  timeout: 20000\n"+
			"  auto_eject_hosts: true\n  server_failure_limit: 0\n  server_retry_timeout: 999999999\n  servers:\n"+
			lines(servers, ":1")))
	c := harness.Dial(t, m.Addr)
	const keys = 200
	// Fnv1a_64 does not spread keys that differ in their last bytes.
	key := func(i int) string { return fmt.Sprintf("%d-of-all-keys", i) }
	write := func() (errors int) {
		for i := range keys {
			if reply := c.Do(harness.Set(key(i), "1")); strings.HasPrefix(reply, "SERVER_ERROR ") {
				errors++
			}
		}
		return errors
	}
	if n := write(); n > 0 {
		t.Fatalf("%d errors with all servers up", n)
	}
	servers[0].Kill()
	if n := write(); n > 1 {
		t.Errorf("%d errors when the server died", n)
	}
	harness.AwaitState(t, m.Addr, servers[0].Addr, "ejected")
	servers[0].Restart()
	for range 20 {
		if n := write(); n > 0 {
			t.Errorf("%d errors with a server that is back", n)
		}
	}
	if got := harness.Stats(t, servers[0].Addr, "")["curr_items"]; got != "0" {
		t.Errorf("the server got %s keys", got)
	}
	if got := harness.ServerStat(t, m.Addr, servers[0].Addr, "state"); got != "ejected" {
		t.Errorf("it is %s", got)
	}
}
