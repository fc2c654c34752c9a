package harness

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// NeedNamespaces skips a test that needs namespaces if they cannot be created: without root, or in a container that
// forbids it. kinds are options of unshare, such as --net and --mount. No test is skipped for any other reason. CI can
// create namespaces.
func NeedNamespaces(tb testing.TB, kinds ...string) {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Skip("this needs root, to make namespaces: run it as root, as CI does")
	}
	out, err := exec.Command("unshare", append(kinds, "true")...).CombinedOutput()
	if err != nil {
		tb.Skipf("namespaces are not allowed here, not even to root: %v, %s", err, strings.TrimSpace(string(out)))
	}
}
