package upgrade

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestBadBinary checks that nothing changes if the new binary cannot be run, is something else, or fails. The next
// good one serves.
func TestBadBinary(t *testing.T) {
	t.Parallel()
	s := install(t, "-s", harness.StartMemcached(t).Addr)
	harness.Dial(t, s.addr).Want(harness.Set("a", "1"), "STORED\r\n")
	script := func(text string) string {
		path := filepath.Join(t.TempDir(), "script")
		harness.WriteProgram(t, path, []byte(text))
		return path
	}
	s.replace(script("this is no program"))
	s.refused("exec format error")
	s.replace(script("#!/bin/sh\necho the new version does not know an option >&2\nexit 2\n"))
	s.refused("it said: the new version does not know an option")
	s.replace(script("#!/bin/sh\necho hello >&3\nexec sleep 1000\n"))
	s.refused("is not a magent that can take over")
	if err := os.Remove(s.binary); err != nil {
		t.Fatal(err)
	}
	s.refused("no such file or directory")
	s.replace(harness.Binary(t))
	s.upgrade()
	harness.Dial(t, s.addr).Want("get a\r\n", harness.Hit("a", "1"))
}

// TestBadFile checks the same for a file of pools that is wrong or asks for the impossible. The pages for monitoring
// are still served.
func TestBadFile(t *testing.T) {
	t.Parallel()
	server := harness.StartMemcached(t)
	taken := harness.StartMagent(t, "-s", server.Addr)
	dir := t.TempDir()
	file := filepath.Join(dir, "pools.yml")
	s := &site{t: t, dir: dir, addr: testkit.DeadAddr(t)}
	s.binary, s.pidFile, s.log = filepath.Join(dir, "magent"), filepath.Join(dir, "pid"), filepath.Join(dir, "log")
	admin, socket := testkit.DeadAddr(t), filepath.Join(dir, "admin.sock")
	watched := func() {
		t.Helper()
		for _, address := range []string{admin, socket} {
			if code, _, stderr := harness.Run(t, harness.Binary(t), "health", "--readyz", address, "--within",
				"30s"); code != 0 {
				t.Errorf("%s: %s", address, stderr)
			}
		}
	}
	write := func(timeout string, listen string) {
		t.Helper()
		text := fmt.Sprintf("main:\n  listen: %s\n  timeout: %s\n  servers:\n   - %s:1\n", listen,
			timeout, server.Addr)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("400", s.addr)
	s.replace(harness.Binary(t))
	t.Cleanup(s.end)
	s.first = testkit.Start(t, "magent", s.binary, "-c", file, "--admin", admin+","+socket, "--pid-file", s.pidFile,
		"--log-file", s.log, "--log-format", "json")
	s.awaitLog("magent serves", 1)

	write("soon", s.addr)
	s.refused("syntax is invalid")
	write("400", taken.Addr)
	s.refused("address already in use")
	watched()
	write("500", s.addr)
	s.upgrade()
	if got := harness.Stats(t, s.addr, "settings")["pool:main:timeout_ms"]; got != "500" {
		t.Errorf("timeout %s: the new process has the old file", got)
	}
	watched()
}

// TestKnowledgeWouldBeLost checks that there is no upgrade while a server has to be repaired, if there is no
// --state-dir.
func TestKnowledgeWouldBeLost(t *testing.T) {
	t.Parallel()
	primary, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	s := install(t, "-s", primary.Addr, "-b", backup.Addr, "--timeout", "8s", "--connect-timeout", "8s",
		"--probe-interval", "50ms")
	c := harness.Dial(t, s.addr)
	c.Want(harness.Set("a", "old"), "STORED\r\n")
	primary.Pause()
	c.Want(harness.Set("a", "new"), "STORED\r\n")
	s.refused("server " + primary.Addr + " still lacks what it missed")
	c.Want("get a\r\n", harness.Hit("a", "new")) // the client is still there
	testkit.Until(t, "the primary is ejected", func() bool {
		c.Want(harness.Set("b", "new"), "STORED\r\n")
		return harness.ServerStat(t, s.addr, primary.Addr, "state") == "ejected"
	})
	if log := s.text(); !strings.Contains(log, "shows it as up, with dirty_keys 0") {
		t.Errorf("the remedy is not in the log:\n%s", log)
	}
	primary.Resume()
	harness.AwaitState(t, s.addr, primary.Addr, "up") // not one that is yet to be ejected
	testkit.Until(t, "the primary has what it missed", func() bool {
		return harness.ServerStat(t, s.addr, primary.Addr, "dirty_keys") == "0"
	})
	c.Want("get a\r\n", harness.Hit("a", "new"))
	harness.Dial(t, primary.Addr).Want("get a\r\n", harness.Hit("a", "new"))
	s.upgrade()
	harness.Dial(t, s.addr).Want("get a\r\n", harness.Hit("a", "new"))
}
