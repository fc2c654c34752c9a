package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Go returns the command go VERB ARGUMENTS, which compiles as `make build` does, so that most packages are not
// compiled once more. That is without the race detector.
func Go(verb string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", append([]string{verb, "-trimpath"}, args...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	return cmd
}

// TestBinary builds the tests of the package that runs, with a build tag. It returns the path of the program, which
// goes with the test.
func TestBinary(t *testing.T, tag string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "tests")
	if out, err := Go("test", "-c", "-vet=off", "-tags", tag, "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}
