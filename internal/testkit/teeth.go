package testkit

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// WantFailures builds the tests of the package that runs, with a build tag, and runs one test for each setting of the
// environment (NAME=VALUE). Each has to fail, and without a setting each has to succeed. Under the race detector there
// is nothing to do: what is built has none.
func WantFailures(t *testing.T, tag string, tests map[string]string) {
	t.Helper()
	if Raced {
		return
	}
	binary := TestBinary(t, tag)
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
