package harness

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// Magent is the proxy under test.
type Magent struct {
	*testkit.Process
	Addr string // where it listens: host:port, or the path of a unix socket

	tb        testing.TB
	argv, env []string
}

// StartMagent runs magent and waits until it answers. If neither the arguments nor a file of pools name an address,
// the kernel chooses a port. If they do not set --timeout, the timeouts are long, so that servers do not fail on a
// busy machine. Pools of a file have timeouts of their own there, and the flag is only for their connections.
func StartMagent(tb testing.TB, args ...string) *Magent {
	tb.Helper()
	patience := testkit.Patience.String()
	switch {
	case slices.Contains(args, "-c"):
		if !slices.Contains(args, "--connect-timeout") {
			args = append([]string{"--connect-timeout", patience}, args...)
		}
	case !slices.Contains(args, "--timeout"):
		args = append([]string{"--timeout", patience, "--connect-timeout", patience}, args...)
	}
	return StartBinary(tb, Binary(tb), args...)
}

// StartBinary is StartMagent for another binary, with its default timeouts.
func StartBinary(tb testing.TB, path string, args ...string) *Magent {
	tb.Helper()
	return startBinary(tb, path, nil, args)
}

// StartWithout is StartBinary for a magent without the guards that guards names, as MAGENT_FAULT does.
func StartWithout(tb testing.TB, guards string, args ...string) *Magent {
	tb.Helper()
	return startBinary(tb, BinaryWithFaults(tb), []string{"MAGENT_FAULT=" + guards}, args)
}

func startBinary(tb testing.TB, path string, env, args []string) *Magent {
	tb.Helper()
	if !slices.ContainsFunc(args, func(a string) bool { return a == "-l" || a == "-p" || a == "-c" }) {
		args = append([]string{"-l", "127.0.0.1:0"}, args...)
	}
	m := &Magent{tb: tb, argv: append([]string{path, "--log-format", "json"}, args...), env: env}
	tb.Cleanup(m.forget) // when the process has been killed
	m.start()
	return m
}

// forget removes what a magent that was killed keeps for the next one (--state-dir), as there is none.
func (m *Magent) forget() {
	if i := slices.Index(m.argv, "--state-dir"); i >= 0 && i+1 < len(m.argv) {
		Forget(m.argv[i+1])
	}
}

// Forget removes the memory of a magent that was killed, which its state directory names. It has to be called when the
// process has ended.
func Forget(stateDir string) {
	line, _ := os.ReadFile(filepath.Join(stateDir, "lock"))
	for _, word := range strings.Fields(string(line)) {
		if strings.HasPrefix(word, "/dev/shm/magent-") {
			_ = os.Remove(word)
		}
	}
}

// Restart kills magent and starts it again with the same arguments. They must contain the address.
func (m *Magent) Restart() {
	m.tb.Helper()
	m.Kill()
	m.start()
}

func (m *Magent) start() {
	m.tb.Helper()
	m.Process = testkit.StartWith(m.tb, "magent", m.env, m.argv...)
	testkit.Eventually(m.tb, "magent says where it listens", func() error {
		if m.Exited() {
			m.tb.Fatalf("%s ended with code %d:\n%s", strings.Join(m.argv, " "), m.ExitCode(), m.Log())
		}
		addrs := Listening(m.Log())
		if len(addrs) == 0 {
			return errors.New("no log line with the field listen")
		}
		if m.Addr == "" {
			m.Addr = addrs[0]
		}
		return nil
	})
	awaitVersion(m.tb, m.Process, m.Addr)
}

// Listening returns the addresses that magent logs when it is ready, in the field "listen"; nil: it is not ready yet.
func Listening(log string) []string {
	for line := range strings.Lines(log) {
		var entry struct {
			Listen []string `json:"listen"`
		}
		if json.Unmarshal([]byte(line), &entry) == nil && len(entry.Listen) > 0 {
			return entry.Listen
		}
	}
	return nil
}

// ModuleRoot returns the folder with go.mod, which is above the folder of the test.
func ModuleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("no go.mod above the test")
}

// Main is testkit.Main, and removes the programs that were built for the tests.
func Main(m *testing.M) { testkit.Main(m, removeBuilt) }
