package packaging

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"magent/test/harness"
)

const arch = runtime.GOARCH

func deb(t *testing.T) string { return part(t, "magent_*_"+arch+".deb") }

func rpm(t *testing.T) string {
	t.Helper()
	return part(t, "magent-*."+map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[arch]+".rpm")
}

// inOverlay runs a script of testdata as root in a copy of this system with its own network. Everything that the
// script changes and starts is gone when it ends. files are in /root there.
func inOverlay(t *testing.T, script string, files ...string) {
	t.Helper()
	harness.NeedNamespaces(t, "--mount", "--net", "--pid", "--fork")
	dir := t.TempDir()
	files = append(files, filepath.Join("testdata", "check.sh"), filepath.Join("testdata", script))
	argv := append([]string{
		"unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "bash",
		filepath.Join("testdata", "overlay.sh"), dir, script,
	}, files...)
	code, stdout, stderr := harness.Here(t, argv...)
	if code != 0 || !strings.HasSuffix(stdout, "all is well\n") {
		t.Errorf("%s: exit code %d\n%s%s", script, code, stdout, stderr)
	}
}

// TestDeb checks that the deb installs, serves, keeps changed files in an upgrade, and leaves nothing behind when it
// is purged.
func TestDeb(t *testing.T) { inOverlay(t, "deb.sh", deb(t)) }

func TestRPM(t *testing.T) { inOverlay(t, "rpm.sh", rpm(t)) }

func TestLintian(t *testing.T) {
	for _, package_ := range []string{deb(t), part(t, "magent_*_arm64.deb")} {
		code, stdout, stderr := harness.Long(t, "lintian", "--allow-root", "--fail-on", "error,warning", package_)
		if code != 0 || stdout != "" {
			t.Errorf("lintian: exit code %d\n%s%s", code, stdout, stderr)
		}
	}
}

// TestRPMContents checks that the rpm has the same contents as the deb.
func TestRPMContents(t *testing.T) {
	files := run(t, "rpm", "-qpl", rpm(t))
	deb := run(t, "dpkg-deb", "--fsys-tarfile", deb(t))
	path := filepath.Join(t.TempDir(), "files.tar")
	if err := os.WriteFile(path, []byte(deb), 0o600); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(run(t, "tar", "-tf", path)) {
		name := strings.TrimPrefix(strings.TrimSpace(line), ".")
		switch {
		case strings.HasSuffix(name, "/"), strings.Contains(name, "/lintian/"),
			strings.HasSuffix(name, "/changelog.gz"):
		case strings.Contains(name, "/zsh/"): // has another folder there
		case !strings.Contains(files, name+"\n"):
			t.Errorf("the rpm lacks %s", name)
		}
	}
	if scripts := run(t, "rpm", "-qp", "--scripts", rpm(t)); !strings.Contains(scripts,
		"systemd-sysusers magent.conf") {
		t.Errorf("its scripts: %s", scripts)
	}
	if config := run(t, "rpm", "-qpc", rpm(t)); !strings.Contains(config, "/etc/magent/default.env\n") {
		t.Errorf("its configuration: %s", config)
	}
}
