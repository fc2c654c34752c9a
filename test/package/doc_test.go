// Package packaging checks the results of make release: the packages by installing them, the image by running its
// contents, and all of it by building it again. Packages are installed into an overlay of this system that is
// discarded.
package packaging

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"magent/test/harness"
)

// made is the release that all tests use.
var made struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if made.dir != "" {
		if err := os.RemoveAll(made.dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// release returns the folder of a release of this source.
func release(t *testing.T) string {
	t.Helper()
	made.once.Do(func() {
		if made.dir, made.err = os.MkdirTemp("", "magent-release-"); made.err == nil {
			made.err = makeRelease(t, harness.Root(t), made.dir)
		}
	})
	if made.err != nil {
		t.Fatal(made.err)
	}
	return made.dir
}

func makeRelease(t *testing.T, source, dist string) error {
	t.Helper()
	code, stdout, stderr := harness.Long(t, "make", "-C", source, "release", "DIST="+dist,
		"TOOLS="+filepath.Join(harness.Root(t), "bin/tools"))
	if code != 0 {
		return fmt.Errorf("make release: exit code %d\n%s%s", code, stdout, stderr)
	}
	return nil
}

// part returns the file of the release that matches a pattern. There must be exactly one.
func part(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(release(t), pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: found %v, %v", pattern, found, err)
	}
	return found[0]
}

// tree unpacks the archive for this machine, and returns the folder in it.
func tree(t *testing.T) string {
	t.Helper()
	return treeFor(t, arch)
}

// treeFor is tree for another architecture.
func treeFor(t *testing.T, arch string) string {
	t.Helper()
	dir := t.TempDir()
	run(t, "tar", "-xzf", part(t, "magent_*_linux_"+arch+".tar.gz"), "-C", dir)
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the archive has %v, %v", found, err)
	}
	return found[0]
}

// run runs a program that must succeed, and returns its output.
func run(t *testing.T, argv ...string) string {
	t.Helper()
	code, stdout, stderr := harness.Run(t, argv...)
	if code != 0 {
		t.Fatalf("%v: exit code %d\n%s%s", argv, code, stdout, stderr)
	}
	return stdout
}
