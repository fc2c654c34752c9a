package behaviour

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"magent/test/harness"
)

// startProxy is magent with two primaries and a backup.
func startProxy(t *testing.T) *harness.Magent {
	t.Helper()
	start := func() string { return harness.StartMemcached(t).Addr }
	return harness.StartMagent(t, "-s", start(), "-s", start(), "-b", start())
}

// TestMemccapable is libmemcached's test of a server's protocol: all of its 27 tests.
func TestMemccapable(t *testing.T) {
	host, port, err := net.SplitHostPort(startProxy(t).Addr)
	if err != nil {
		t.Fatal(err)
	}
	out, err := run(t, "memccapable", "-a", "-h", host, "-p", port)
	if n := strings.Count(out, "[pass]"); err != nil || n != 27 {
		t.Errorf("%d of 27 tests pass, %v:\n%s", n, err, out)
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
func run(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatalf("%s is not installed: run `make deps`", name)
	}
	return string(out), err
}
