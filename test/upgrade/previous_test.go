package upgrade

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// This version and the one before it take over from each other, in both directions, as docs/operations.md promises.
// Clients see no more of it than of an upgrade to the same version.

func TestPreviousUnderLoad(t *testing.T) {
	t.Parallel()
	old, now := versions(t)
	underLoad(t, old, now, old, now)
}

func TestPreviousKnowsOutage(t *testing.T) {
	t.Parallel()
	old, now := versions(t)
	outageGoesOver(t, old, now, old, now)
}

// TestPreviousInFleet upgrades a fleet of three member by member, and goes back in the same way.
func TestPreviousInFleet(t *testing.T) {
	t.Parallel()
	old, now := versions(t)
	fleetUnderLoad(t, old, now, old)
}

// TestPreviousWasKilled: each version finds in the state directory what the other one knew when it was killed.
func TestPreviousWasKilled(t *testing.T) {
	t.Parallel()
	old, now := versions(t)
	for _, way := range []struct{ name, from, to string }{{"forward", old, now}, {"back", now, old}} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			killedInOutage(t, way.from, way.to)
			killedUnderway(t, way.from, way.to)
		})
	}
}

// versions returns the binaries of the version before this one, and of this one, which are not the same.
func versions(t *testing.T) (old, now string) {
	t.Helper()
	old, now = harness.Previous(t), harness.Binary(t)
	if bytes.Equal(must(os.ReadFile(old)), must(os.ReadFile(now))) {
		t.Fatal("the version before this one is this one")
	}
	return old, now
}

// succeed kills the process and starts another binary.
func (s *site) succeed(binary string) {
	s.t.Helper()
	s.first.Kill()
	s.replace(binary)
	s.restart()
	if exe := fmt.Sprintf("/proc/%d/exe", s.pid()); !bytes.Equal(must(os.ReadFile(exe)), must(os.ReadFile(binary))) {
		s.t.Errorf("%s is another program", exe)
	}
}

// killedInOutage: the journal says what a server has missed.
func killedInOutage(t *testing.T, from, to string) {
	t.Helper()
	primary, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	s := installAs(t, from, "-s", primary.Addr, "-b", backup.Addr, "--timeout", "8s", "--connect-timeout", "8s",
		"--probe-interval", "50ms", "--state-dir", filepath.Join(t.TempDir(), "state"))
	c := harness.Dial(t, s.addr)
	c.Want(harness.Set("a", "old"), "STORED\r\n")
	primary.Pause()
	c.Want(harness.Set("a", "new"), "STORED\r\n")
	harness.AwaitState(t, s.addr, primary.Addr, "ejected")
	s.succeed(to)
	if got := harness.ServerStat(t, s.addr, primary.Addr, "dirty_keys"); got != "1" {
		t.Errorf("%s keys are known to be dirty, want 1", got)
	}
	c = harness.Dial(t, s.addr)
	testkit.Until(t, "the backup is connected", func() bool { return !harness.IsError(c.Do("get a\r\n")) })
	c.Want("get a\r\n", harness.Hit("a", "new"))
	primary.Resume()
	harness.AwaitState(t, s.addr, primary.Addr, "up")
	harness.Dial(t, primary.Addr).Want("get a\r\n", harness.Hit("a", "new"))
}

// killedUnderway: what was being changed when the process was killed is the same on both copies then. A connection
// that hangs keeps the change from one of them.
func killedUnderway(t *testing.T, from, to string) {
	t.Helper()
	primary, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	s := installAs(t, from, "-s", primary.Addr, "-b", backup.Addr, "--state-dir", filepath.Join(t.TempDir(), "state"))
	c := harness.Dial(t, s.addr)
	c.Want(harness.Set("a", "old"), "STORED\r\n")
	backup.Pause()
	c.Send(harness.Set("a", "new"))
	direct := harness.Dial(t, primary.Addr)
	testkit.Until(t, "the primary has the change", func() bool {
		return direct.Do("get a\r\n") == harness.Hit("a", "new")
	})
	s.first.Kill()
	backup.Resume()
	s.succeed(to)
	s.awaitLog("what was being written when the magent before this one was killed is ", 1)
	harness.Dial(t, s.addr).Want("get a\r\n", harness.Hit("a", "new"))
	for _, server := range []*harness.Memcached{primary, backup} {
		harness.Dial(t, server.Addr).Want("get a\r\n", harness.Hit("a", "new"))
	}
}
