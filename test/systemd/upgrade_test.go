package systemd

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestUpgrade checks an upgrade under systemd. systemd is told the new main process before this sends a message, and
// then gets messages only from it, the watchdog's as well: without these it would kill the new process.
func TestUpgrade(t *testing.T) {
	m := startManager(t)
	listen, path := testkit.DeadAddr(t), filepath.Join(t.TempDir(), "socket")
	argv := []string{
		"systemd-socket-activate", "-l", path, "-E", "NOTIFY_SOCKET=" + m.path, "-E",
		"WATCHDOG_USEC=1000000",
	}
	old := testkit.Start(t, "magent",
		append(argv, harness.Binary(t), "--log-format", "json", "-l", listen, "-f", path, "-s",
			testkit.DeadAddr(t))...)
	testkit.Eventually(t, "somebody listens", func() error {
		c, err := harness.Open(path)
		if err == nil {
			c.Close()
		}
		return err
	})
	m.expects("READY=1", "STATUS=serves at "+listen)
	old.Signal(syscall.SIGUSR2)
	said := m.hears()
	pid, err := strconv.Atoi(strings.TrimPrefix(said[0], "MAINPID="))
	if err != nil {
		t.Fatalf("it says %q", said)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	m.expects("READY=1", "STATUS=serves at "+listen)
	if code := old.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	harness.Dial(t, path).Want("mn\r\n", "MN\r\n")
	for range 5 { // more than the old process can have left to be heard
		if said := m.next(); said[0] != ping {
			t.Fatalf("it says %q", said)
		}
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	m.expects("STOPPING=1")
	testkit.Eventually(t, "it has ended", func() error {
		c, err := harness.Open(listen)
		if err == nil {
			c.Close()
			return fmt.Errorf("it still listens")
		}
		return nil
	})
	if c, err := harness.Open(path); err == nil { // nobody listens, but the file is systemd's
		c.Close()
	} else if !strings.Contains(err.Error(), "refused") {
		t.Errorf("the file of the socket: %v", err)
	}
}
