package harness

import (
	"os"
	"testing"
)

// NeedRoot skips a test that mounts or installs, for who is not root; where everything has to be tested, it fails.
func NeedRoot(tb testing.TB) {
	tb.Helper()
	switch {
	case os.Geteuid() == 0:
	case os.Getenv("CI") != "":
		tb.Fatal("this test needs root")
	default:
		tb.Skip("this test needs root: it installs packages, into a copy of this system that is thrown away")
	}
}
