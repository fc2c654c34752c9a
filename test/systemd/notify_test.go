package systemd

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

func TestReady(t *testing.T) {
	server := harness.StartMemcached(t)
	m := startManager(t)
	file, listen := filepath.Join(t.TempDir(), "pools.yml"), testkit.DeadAddr(t)
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := "main:\n  listen: " + listen + "\n  timeout: 60000\n  servers:\n   - " + server.Addr + ":1\n"
	write(pool)
	p := m.run(nil, "-c", file, "--connect-timeout", "1m")
	m.expects("READY=1", "STATUS=serves at "+listen)
	harness.Dial(t, listen).Want("get a\r\n", "END\r\n") // at once, for it is ready

	p.Signal(syscall.SIGUSR1)
	m.expects("RELOADING=1", "MONOTONIC_USEC=")
	m.expects("READY=1", "STATUS=configuration reloaded at ")
	write(strings.Replace(pool, "timeout", "timeuot", 1))
	p.Signal(syscall.SIGUSR1)
	m.expects("RELOADING=1", "MONOTONIC_USEC=")
	m.expects("READY=1", "STATUS=the configuration was not applied: ")

	p.Terminate()
	m.expects("STOPPING=1", "STATUS=draining")
	if code := p.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestWatchdog checks that systemd's watchdog gets messages while all is well. (Other tests show that it gets none if
// a loop is stuck.)
func TestWatchdog(t *testing.T) {
	m := startManager(t)
	m.run([]string{"WATCHDOG_USEC=100000"}, "--threads", "2", "-l", "127.0.0.1:0", "-s", testkit.DeadAddr(t))
	m.expects("READY=1")
	for range 5 {
		if said := m.next(); said[0] != ping {
			t.Fatalf("it says %q", said)
		}
	}
}

// TestNoWatchdog checks that magent ignores the watchdog's variable if it was meant for another process.
func TestNoWatchdog(t *testing.T) {
	m := startManager(t)
	p := m.run([]string{"WATCHDOG_USEC=1000", "WATCHDOG_PID=1"}, "-l", "127.0.0.1:0", "-s", testkit.DeadAddr(t))
	m.expects("READY=1")
	c := harness.Dial(t, addresses(t, p)[0])
	for range 100 {
		c.Want("mn\r\n", "MN\r\n")
	}
	p.Terminate()
	m.expects("STOPPING=1")
}
