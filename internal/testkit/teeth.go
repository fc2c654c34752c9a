package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// WantFailures builds the tests of the package that runs, with a build tag, and runs one test for each setting of the
// environment (NAME=VALUE). Each has to fail, and without a setting each has to succeed.
func WantFailures(t *testing.T, tag string, tests map[string]string) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "tests")
	if out, err := exec.Command("go", "test", "-c", "-tags", tag, "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for setting, test := range tests {
		for _, set := range []bool{false, true} {
			cmd := exec.Command(binary, "-test.run", "^"+test+"$", "-test.v")
			if cmd.Env = os.Environ(); set {
				cmd.Env = append(cmd.Env, setting)
			}
			out, err := cmd.CombinedOutput()
			if !strings.Contains(string(out), "=== RUN   "+test+"\n") || (err != nil) != set {
				t.Errorf("%s, %s set: %v: %v\n%s", test, setting, set, err, out)
			}
		}
	}
}
