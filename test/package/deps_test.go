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

// TestToolsAreThere checks that no tool of `make deps` needs the network again.
func TestToolsAreThere(t *testing.T) {
	for variable := range strings.FieldsSeq("STATICCHECK ERRORLINT GOFUMPT NFPM CYCLONEDX HELM KUBECONFORM") {
		code, stdout, stderr := harness.Long(t, "env", "GOPROXY=off", "GOMODCACHE="+t.TempDir(),
			"deploy/dev/tool.sh", harness.Pinned(t, variable), "-h")
		if said := stdout + stderr; code > 2 || !strings.Contains(strings.ToLower(said), "usage") {
			t.Errorf("%s: exit code %d\n%s", variable, code, said)
		}
	}
}

// TestDownloadIsRetried has a command fail the first time, as it does when the network is away for a moment.
func TestDownloadIsRetried(t *testing.T) {
	t.Parallel()
	tried := filepath.Join(t.TempDir(), "tried")
	code, stdout, stderr := harness.Long(t, "deploy/dev/retry.sh", "sh", "-c",
		`[ -e `+tried+` ] && echo done && exit; touch `+tried+`; exit 7`)
	if code != 0 || stdout != "done\n" || !strings.Contains(stderr, "trying again in 3 s: sh -c") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
}
