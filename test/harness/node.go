package harness

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// NodeModules returns the folder in which `make deps` has installed what test/npm/package.json names, or the folder of
// a package in it. The test fails if it is not what package-lock.json says. It does not run npm: no test can tell how
// long a download takes.
func NodeModules(tb testing.TB, name ...string) string {
	tb.Helper()
	dir := filepath.Join(Root(tb), "test", "npm")
	want, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		tb.Fatal(err)
	}
	modules := filepath.Join(dir, "node_modules")
	if have, err := os.ReadFile(filepath.Join(modules, ".installed")); err != nil || !bytes.Equal(have, want) {
		tb.Fatalf("%s is not what package-lock.json wants (%v): run `make deps`", modules, err)
	}
	return filepath.Join(append([]string{modules}, name...)...)
}
