package tls

import (
	"fmt"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// The members of a fleet speak TLS on all their connections to servers: also when the next owner asks who is connected
// there, compares what the one before was writing, and fills a server that was restarted.
func TestFleetWithTLS(t *testing.T) {
	t.Parallel()
	ca := testkit.NewAuthority(t)
	primary, backup := harness.StartEncrypted(t, ca, here), harness.StartEncrypted(t, ca, here)
	f := harness.StartFleet(t, 3, "-s", primary.Addr, "-b", backup.Addr, "--server-tls", "--server-tls-ca", ca.File)
	for i, m := range f.Members {
		c := harness.Dial(t, m.Addr)
		for n := range 20 {
			c.Want(harness.Set(fmt.Sprintf("k%d-%d", i, n), "v"), "STORED\r\n")
		}
	}
	next := f.OwnerDies()
	harness.AwaitState(t, next.Addr, primary.Addr, "up")
	harness.AwaitState(t, next.Addr, backup.Addr, "up")
	primary.Restart()
	c := harness.Dial(t, next.Addr)
	for i := range f.Members {
		for n := range 20 {
			key := fmt.Sprintf("k%d-%d", i, n)
			c.Want("get "+key+"\r\n", harness.Hit(key, "v"))
			has(t, primary, key, "v")
			has(t, backup, key, "v")
		}
	}
	harness.AwaitState(t, next.Addr, primary.Addr, "up")
}
