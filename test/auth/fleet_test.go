package auth

import (
	"fmt"
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
			wantOn(t, primary, key, "v")
			wantOn(t, backup, key, "v")
		}
	}
	harness.AwaitState(t, next.Addr, primary.Addr, "up")
}
