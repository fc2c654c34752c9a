// Package foreign runs the programs for the architecture that this machine is not. That is emulated by qemu-user,
// the kernel and the servers are this machine's. It runs a part of the suites of other folders. A program that starts
// itself anew (-d, SIGUSR2) is not among them: the kernel would have to know the emulator.
package foreign

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// others says for each architecture of a release which one is run on it, and by what.
var others = map[string]struct{ arch, emulator string }{
	"amd64": {"arm64", "qemu-aarch64"},
	"arm64": {"amd64", "qemu-x86_64"},
}

// suites are the tests that are run, as the names behind "Test" by folder.
var suites = map[string]string{
	"behaviour": "Binary ControlBytes Gomemcache LargeValues Meta Normalise OtherCommands Pipelines Protocol " +
		"Retrieval Smuggling Stats Storage",
	"failover": "Article CopiesAgree PrimaryHangs ProxyDiesInAnOutage ProxyDiesWhileAServerIsFilled " +
		"RestartedEmpty",
	"nutcracker": "ErrorTexts FiguresBesideTwemproxy Foreground",
	"redis":      "GoRedis KilledInFlight Replies Waiting",
	"tls":        "Clients OpenSSL Servers",
}

// TestForeign: protocols, TLS, Redis, and what happens when servers hang, die and come back, or magent is killed.
func TestForeign(t *testing.T) {
	other, ok := others[runtime.GOARCH]
	if !ok {
		t.Fatalf("there are no releases for %s", runtime.GOARCH)
	}
	magent, nutcracker := emulated(t, other.arch, other.emulator, "magent"),
		emulated(t, other.arch, other.emulator, "nutcracker")
	if code, said, _ := harness.Run(t, magent, "-V"); code != 0 || !strings.Contains(said, "linux/"+other.arch) {
		t.Fatalf("exit code %d, it is %s", code, said)
	}
	for folder, words := range suites {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			names := strings.Fields(words)
			code, stdout, stderr := harness.Long(t, "env", "MAGENT_BIN="+magent, "NUTCRACKER_BIN="+nutcracker, "go",
				"test", "-count=1", "-vet=off", "-v", "-run", "^Test("+strings.Join(names, "|")+")$", "./test/"+folder)
			names = slices.DeleteFunc(names, func(name string) bool {
				return strings.Contains("\n"+stdout, "\n--- PASS: Test"+name+" (")
			})
			if code != 0 || len(names) > 0 {
				t.Errorf("exit code %d, not passed: %v\n%s%s", code, names, stdout, stderr)
			}
		})
	}
}

// emulated builds a program for an architecture, and returns the path of a script that runs it.
func emulated(t *testing.T, arch, emulator, program string) (script string) {
	t.Helper()
	emulator, err := exec.LookPath(emulator)
	if err != nil {
		t.Fatalf("%v: run `make deps`", err)
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, program+"."+arch)
	build := testkit.Go("build", "-o", binary, "./cmd/"+program)
	build.Dir = harness.Root(t)
	build.Env = append(build.Env, "GOARCH="+arch)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	script = filepath.Join(dir, program)
	harness.WriteProgram(t, script, []byte("#!/bin/sh\nexec "+emulator+" "+binary+" \"$@\"\n"))
	return script
}
