package redis

import (
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestBullMQ has BullMQ carry out jobs: one after the other, in bulk, with a delay, and again after a failure. Its
// worker and its reader of events wait at the server of their keys, which have one hash tag.
func TestBullMQ(t *testing.T) {
	module := harness.NPM(t, "bullmq@6.7.0", "ioredis@6.0.0")
	for name, servers := range map[string][]*testkit.Redis{
		"one server": startServers(t, 1), "three servers": startServers(t, 3),
	} {
		t.Run(name, func(t *testing.T) {
			host, port := hostPort(t, startPool(t, servers, calm).Addr)
			if out := run(t, "", "node", "scripts/bullmq.js", module, host, port); out != "62 jobs\n" {
				t.Errorf("it says\n%s", out)
			}
		})
	}
}
