package harness

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// NeedNamespaces skips a test that makes namespaces, of these kinds as unshare names them (--net, --mount), where that is not
// allowed: for want of root, or because a container forbids it to root, too. It is the one reason for which a test of this
// project is skipped; CI may make namespaces.
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
