package behaviour

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// startProxy is magent with two primaries and a backup.
func startProxy(t *testing.T) *harness.Magent {
	t.Helper()
	start := func() string { return harness.StartMemcached(t).Addr }
	return harness.StartMagent(t, "-s", start(), "-s", start(), "-b", start())
}

// TestMemccapable is libmemcached's test of a server's protocol. All of its tests pass, in both protocols.
func TestMemccapable(t *testing.T) {
	protocols := map[string]int{"-a": 27, "-b": 27}
	if harness.OtherVersion() { // its servers may tell fewer tokens: see TestBinary
		delete(protocols, "-b")
	}
	host, port, err := net.SplitHostPort(startProxy(t).Addr)
	if err != nil {
		t.Fatal(err)
	}
	for protocol, tests := range protocols {
		out, err := run(t, "memccapable", protocol, "-h", host, "-p", port, "-t", "60")
		if n := strings.Count(out, "[pass]"); err != nil || n != tests {
			t.Errorf("%s: %d of %d tests pass, %v:\n%s", protocol, n, tests, err, out)
		}
	}
}

// TestPython: a session of 30 steps with each of the two libraries.
func TestPython(t *testing.T) {
	for _, library := range []string{"pymemcache", "pylibmc"} {
		t.Run(library, func(t *testing.T) {
			const python = "/usr/bin/python3" // the one that Debian's packages are for
			if out, err := run(t, python, "-c", "import "+library); err != nil {
				t.Fatalf("%s is not installed: run `make deps`: %v\n%s", library, err, out)
			}
			host, port, err := net.SplitHostPort(startProxy(t).Addr)
			if err != nil {
				t.Fatal(err)
			}
			out, err := run(t, python, "-B", fmt.Sprintf("scripts/%s_session.py", library), host, port)
			if err != nil || !strings.HasSuffix(out, "30 steps\n") {
				t.Errorf("%v:\n%s", err, out)
			}
		})
	}
}

// run waits for the end of a program.
func run(t *testing.T, argv ...string) (string, error) {
	t.Helper()
	return runWith(t, nil, argv...)
}

// runWith does so with more variables in the environment.
func runWith(t *testing.T, env []string, argv ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatalf("%s is not installed: run `make deps`", argv[0])
	}
	return string(out), err
}
