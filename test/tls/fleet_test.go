package tls

import (
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
	f.OutlivesOwner(primary.Addr, backup.Addr, primary.Restart, func(key, value string) {
		has(t, primary, key, value)
		has(t, backup, key, value)
	})
}
