package auth

import (
	"testing"

	"magent/test/harness"
)

// The members of a fleet say the password on all their connections to servers: also when the next owner asks who is
// connected there, compares what the one before was writing, and fills a server that was restarted.
func TestFleetWithPasswords(t *testing.T) {
	t.Parallel()
	file := passwords(t, "ann:one\n")
	primary, backup := locked(t, file), locked(t, file)
	f := harness.StartFleet(t, 3, "-s", primary.Addr, "-b", backup.Addr, "--server-auth-file", file)
	f.OutlivesOwner(primary.Addr, backup.Addr, primary.Restart, func(key, value string) {
		wantOn(t, primary, key, value)
		wantOn(t, backup, key, value)
	})
}
