package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"magent/internal/testkit"
)

// Module returns the path of the program of a module in a folder beside the test, which is built once. What it needs
// may have to be downloaded.
func Module(tb testing.TB, folder string) string {
	tb.Helper()
	entry, _ := built.modules.LoadOrStore(folder, &binary{})
	b := entry.(*binary)
	b.once.Do(func() { b.path, b.err = buildModule(folder) })
	if b.err != nil {
		tb.Fatal(b.err)
	}
	return b.path
}

func buildModule(folder string) (path string, err error) {
	dir, err := os.MkdirTemp("", "magent-test-")
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, folder)
	cmd := testkit.Go("build", "-o", path, ".")
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		_ = os.RemoveAll(dir)
		return "", fmt.Errorf("%s: go build: %w\n%s`make deps` downloads what it needs", folder, err, out)
	}
	return path, nil
}
