package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"magent/test/harness"
)

// TestDepsOfRun checks that make run needs only Go and memcached on a machine. If both are there, it needs neither
// root nor a network. In the test only these programs can be found, and no Go module can be downloaded.
func TestDepsOfRun(t *testing.T) {
	path := t.TempDir()
	link := func(program string) {
		t.Helper()
		at, err := exec.LookPath(program)
		if err == nil {
			err = os.Symlink(at, filepath.Join(path, program))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	deps := func() (code int, said string) {
		t.Helper()
		code, stdout, stderr := harness.Run(t, "/usr/bin/env", "-i", "PATH="+path, filepath.Join(path, "bash"),
			filepath.Join(harness.Root(t), "deploy/dev/deps.sh"), "run")
		return code, stdout + stderr
	}
	link("bash")
	if code, said := deps(); code != 1 || !strings.HasPrefix(said, "deps: missing: Go 1.") {
		t.Errorf("without Go: exit code %d, %s", code, said)
	}
	link("go")
	if code, said := deps(); code != 1 || !strings.HasPrefix(said, "deps: missing: memcached\n") {
		t.Errorf("without memcached: exit code %d, %s", code, said)
	}
	link("memcached")
	if code, said := deps(); code != 0 || said != "deps: nothing is missing\n" {
		t.Errorf("with both: exit code %d, %s", code, said)
	}
}
