package upgrade

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestOutageGoesOver checks that the new process knows, from the journal, what a server has missed.
func TestOutageGoesOver(t *testing.T) {
	t.Parallel()
	one := harness.Binary(t)
	outageGoesOver(t, one, one, one) // and to the one after that
}

// outageGoesOver starts the first binary and has the others take over, one after the other, during an outage.
func outageGoesOver(t *testing.T, first string, then ...string) {
	t.Helper()
	primary, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	state := filepath.Join(t.TempDir(), "state")
	s := installAs(t, first, "-s", primary.Addr, "-b", backup.Addr, "--timeout", "8s", "--connect-timeout", "8s",
		"--probe-interval", "50ms", "--state-dir", state)
	c := harness.Dial(t, s.addr)
	const keys = 100
	for i := range keys {
		c.Want(harness.Set(fmt.Sprint("key", i), "old"), "STORED\r\n")
	}
	primary.Pause()
	for i := range keys {
		c.Want(harness.Set(fmt.Sprint("key", i), "new"), "STORED\r\n")
	}
	for _, binary := range then {
		s.replace(binary)
		s.upgrade()
		if got := harness.ServerStat(t, s.addr, primary.Addr, "dirty_keys"); got != fmt.Sprint(keys) {
			t.Fatalf("%s keys are known to be dirty, of %d", got, keys)
		}
	}
	c = harness.Dial(t, s.addr)
	all := func(c *harness.Client, who string) {
		t.Helper()
		for i := range keys {
			key := fmt.Sprint("key", i)
			if got := c.Do("get " + key + "\r\n"); got != harness.Hit(key, "new") {
				t.Fatalf("%s has %q", who, got)
			}
		}
	}
	all(c, "the proxy")
	primary.Resume()
	harness.AwaitState(t, s.addr, primary.Addr, "up")
	all(c, "the proxy")
	all(harness.Dial(t, primary.Addr), "the primary")
	if strings.Contains(s.text(), "was killed") {
		t.Error("an upgrade counts as a kill")
	}
}

// TestInFlight checks that the old process answers a request in flight, and that clients which connect in the meantime
// wait for the new one.
func TestInFlight(t *testing.T) {
	t.Parallel()
	server := harness.StartMemcached(t)
	s := install(t, "-s", server.Addr, "--drain-timeout", testkit.Patience.String())
	busy, idle := harness.Dial(t, s.addr), harness.Dial(t, s.addr)
	idle.Want(harness.Set("a", "1"), "STORED\r\n")
	busy.Want("mn\r\n", "MN\r\n")
	server.Pause()
	busy.Send("get a\r\nget a\r\n")
	idle.Want("mn\r\n", "MN\r\n")
	s.first.Signal(syscall.SIGUSR2)
	if rest := idle.AwaitEOF(); rest != "" {
		t.Errorf("the idle client reads %q", rest)
	}
	next := harness.Dial(t, s.addr)
	next.Send("get a\r\n")
	server.Resume()
	if got, want := busy.AwaitEOF(), strings.Repeat(harness.Hit("a", "1"), 2); got != want {
		t.Errorf("the requests in flight got %q", got)
	}
	if got := next.Reply(); got != harness.Hit("a", "1") {
		t.Errorf("who came meanwhile got %q", got)
	}
	s.awaitLog("the new process serves", 1)
	if code := s.first.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestOldDies checks that the new process serves if the old one is killed during the upgrade.
func TestOldDies(t *testing.T) {
	t.Parallel()
	server := harness.StartMemcached(t)
	s := install(t, "-s", server.Addr)
	busy, idle := harness.Dial(t, s.addr), harness.Dial(t, s.addr)
	busy.Want("mn\r\n", "MN\r\n")
	server.Pause()
	busy.Send("get a\r\n")
	idle.Want("mn\r\n", "MN\r\n")
	s.first.Signal(syscall.SIGUSR2)
	idle.AwaitEOF() // the new process is ready
	s.first.Kill()
	server.Resume()
	harness.Dial(t, s.addr).Want("get a\r\n", "END\r\n")
	testkit.Until(t, "the pid file has the new one", func() bool { return s.pid() != s.first.PID && s.pid() != 0 })
}

// TestSlowReader checks that a client which does not read its replies does not delay the upgrade, and gets them from
// the old process.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	server := harness.StartMemcached(t)
	s := install(t, "-s", server.Addr, "--drain-timeout", "1m")
	slow := harness.Dial(t, s.addr)
	value := strings.Repeat("v", 500_000)
	slow.Want(harness.Set("a", value), "STORED\r\n")
	const asked = 100
	slow.Send(strings.Repeat("get a\r\n", asked))
	testkit.Eventually(t, "it is not read any more", func() error {
		if harness.Stats(t, s.addr, "")["conn_yields"] == "0" {
			return fmt.Errorf("it is")
		}
		return nil
	})
	s.first.Signal(syscall.SIGUSR2)
	s.awaitLog("the new process serves", 1)
	harness.Dial(t, s.addr).Want("get a\r\n", harness.Hit("a", value))
	got := slow.AwaitEOF()
	whole := strings.Count(got, harness.Hit("a", value))
	if whole == 0 || got != strings.Repeat(harness.Hit("a", value), whole) {
		t.Errorf("%d bytes, of which %d replies", len(got), whole)
	}
	if code := s.first.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
