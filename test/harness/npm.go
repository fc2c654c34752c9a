package harness

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
)

// NPM installs a package in a folder of the test, and returns where it is. Others that it uses can be given, too.
func NPM(tb testing.TB, name string, others ...string) string {
	tb.Helper()
	dir := tb.TempDir()
	testkit.Eventually(tb, name+" is installed by npm", func() error {
		ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
		defer cancel()
		argv := []string{"install", "--prefix", dir, "--cache", filepath.Join(dir, "cache"), name}
		argv = append(argv, others...)
		if out, err := exec.CommandContext(ctx, "npm", argv...).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
	word, _, _ := strings.Cut(name, "@")
	return filepath.Join(dir, "node_modules", word)
}
