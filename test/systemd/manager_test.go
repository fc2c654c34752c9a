package systemd

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// manager receives the messages of a service to systemd.
type manager struct {
	t    *testing.T
	path string
	conn *net.UnixConn
}

func startManager(t *testing.T) *manager {
	t.Helper()
	m := &manager{t: t, path: filepath.Join(t.TempDir(), "notify")}
	var err error
	if m.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.conn.Close() })
	return m
}

// hears returns the next message that is not the watchdog's, line by line.
func (m *manager) hears() []string {
	m.t.Helper()
	for {
		if said := m.next(); said[0] != ping {
			return said
		}
	}
}

// ping is what the watchdog says.
const ping = "WATCHDOG=1"

// next returns the next message, line by line.
func (m *manager) next() []string {
	m.t.Helper()
	_ = m.conn.SetReadDeadline(time.Now().Add(testkit.Patience))
	text := make([]byte, 4096)
	n, err := m.conn.Read(text)
	if err != nil {
		m.t.Fatalf("nothing is said: %v", err)
	}
	return strings.Split(string(text[:n]), "\n")
}

// expects checks that the next message has lines that begin so.
func (m *manager) expects(lines ...string) {
	m.t.Helper()
	got := m.hears()
	for _, line := range lines {
		if !slices.ContainsFunc(got, func(have string) bool { return strings.HasPrefix(have, line) }) {
			m.t.Fatalf("it says %q, want %q", got, line)
		}
	}
}

// run starts magent as a service.
func (m *manager) run(env []string, args ...string) *testkit.Process {
	m.t.Helper()
	argv := append([]string{"env", "NOTIFY_SOCKET=" + m.path}, env...)
	return testkit.Start(m.t, "magent", append(append(argv, harness.Binary(m.t), "--log-format", "json"), args...)...)
}

// addresses returns the addresses that a magent has logged.
func addresses(t *testing.T, p *testkit.Process) []string {
	t.Helper()
	var addrs []string
	testkit.Eventually(t, "magent says where it listens", func() error {
		if p.Exited() {
			t.Fatalf("it has ended: %s", p.Log())
		}
		if addrs = harness.Listening(p.Log()); len(addrs) == 0 {
			return fmt.Errorf("it has not: %s", p.Log())
		}
		return nil
	})
	return addrs
}
