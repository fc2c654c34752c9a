package harness

import (
	"fmt"
	"path/filepath"
	"testing"

	"magent/internal/testkit"
)

// Module builds the program of a module in a folder beside the test, and returns its path. The modules that it needs
// may have to be downloaded.
func Module(tb testing.TB, folder string) string {
	tb.Helper()
	binary := filepath.Join(tb.TempDir(), folder)
	testkit.Eventually(tb, folder+" is built", func() error {
		build := testkit.Go("build", "-o", binary, ".")
		build.Dir = folder
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
	return binary
}
