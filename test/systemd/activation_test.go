package systemd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// activate lets systemd-socket-activate listen on the addresses. It starts magent with the first client, which is
// returned.
func activate(t *testing.T, listen []string, args ...string) (*testkit.Process, *harness.Client) {
	t.Helper()
	argv := []string{"systemd-socket-activate"}
	for _, l := range listen {
		argv = append(argv, "-l", l)
	}
	p := testkit.Start(t, "magent", append(append(argv, harness.Binary(t), "--log-format", "json"), args...)...)
	var c *harness.Client
	testkit.Eventually(t, "somebody listens", func() error {
		var err error
		c, err = harness.Open(listen[0])
		return err
	})
	t.Cleanup(c.Close)
	return p, c
}

// TestActivation checks that magent serves on sockets that it has not bound, including clients that connected before
// it started. It does not remove the file of such a unix socket.
func TestActivation(t *testing.T) {
	server := harness.StartMemcached(t)
	tcp, path := testkit.DeadAddr(t), filepath.Join(t.TempDir(), "socket")
	p, c := activate(t, []string{tcp, path}, "-l", tcp, "-f", path, "-s", server.Addr, "--timeout", "1m",
		"--connect-timeout", "1m")
	if got, err := c.Try("get a\r\n"); got != "END\r\n" {
		t.Errorf("the first client got %q, %v", got, err)
	}
	harness.Dial(t, path).Want(harness.Set("a", "1"), "STORED\r\n")
	if got := addresses(t, p); fmt.Sprint(got) != fmt.Sprint([]string{tcp, path}) {
		t.Errorf("it listens on %v", got)
	}
	p.Terminate()
	if code := p.ExitCode(); code != 0 {
		t.Errorf("exit code %d: %s", code, p.Log())
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// TestActivationOfPools checks that the listeners of a file take over sockets, too. Those that systemd has not bound
// are bound by magent.
func TestActivationOfPools(t *testing.T) {
	server := harness.StartMemcached(t)
	given, own := testkit.DeadAddr(t), testkit.DeadAddr(t)
	file := filepath.Join(t.TempDir(), "pools.yml")
	text := ""
	for name, listen := range map[string]string{"one": given, "two": own} {
		text += fmt.Sprintf("%s:\n  listen: %s\n  timeout: 60000\n  servers:\n   - %s:1\n", name, listen, server.Addr)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, c := activate(t, []string{given}, "-c", file, "--connect-timeout", "1m")
	if got, err := c.Try("get a\r\n"); got != "END\r\n" {
		t.Errorf("the first client got %q, %v", got, err)
	}
	addresses(t, p)
	harness.Dial(t, own).Want("get a\r\n", "END\r\n")
}

// TestWrongSocket checks that a socket on which no pool listens is reported.
func TestWrongSocket(t *testing.T) {
	wrong, right := testkit.DeadAddr(t), testkit.DeadAddr(t)
	p, c := activate(t, []string{wrong}, "-l", right, "-s", testkit.DeadAddr(t))
	if code := p.ExitCode(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	want := fmt.Sprintf(
		"magent: no pool listens on the socket %s that this process was given (LISTEN_FDS): the pools listen on %s: "+
			"write", wrong, right)
	if log := p.Log(); !strings.Contains(log, want) {
		t.Errorf("it says %s", log)
	}
	if _, err := c.Try("mn\r\n"); err != nil && !errors.Is(err, io.EOF) && !harness.IsReset(err) &&
		!strings.Contains(err.Error(), "EOF") {
		t.Error(err)
	}
}
