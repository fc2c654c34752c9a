package harness

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"magent/internal/testkit"
)

// built are the programs that were built for this test run.
var built struct {
	plain, faulty, nutcracker, previous binary

	modules sync.Map // of *binary, by folder
}

// binary is a program that is built from the source of this module, once.
type binary struct {
	once sync.Once
	path string
	err  error
}

// Binary returns the path of the magent to be tested: MAGENT_BIN, or one that is built from the source of this module.
func Binary(tb testing.TB) string {
	tb.Helper()
	if path := os.Getenv("MAGENT_BIN"); path != "" {
		return path
	}
	return built.plain.make(tb, "./cmd/magent")
}

// BinaryWithFaults returns the path of a magent without the guards that MAGENT_FAULT names when it is started.
func BinaryWithFaults(tb testing.TB) string {
	tb.Helper()
	return built.faulty.make(tb, "-tags", "faults", "./cmd/magent")
}

// Nutcracker returns the path of the nutcracker to be tested: NUTCRACKER_BIN, or one that is built from the source of
// this module.
func Nutcracker(tb testing.TB) string {
	tb.Helper()
	if path := os.Getenv("NUTCRACKER_BIN"); path != "" {
		return path
	}
	return built.nutcracker.make(tb, "./cmd/nutcracker")
}

func (b *binary) make(tb testing.TB, args ...string) string {
	tb.Helper()
	b.once.Do(func() { b.path, b.err = build(args...) })
	if b.err != nil {
		tb.Fatal(b.err)
	}
	return b.path
}

// remove deletes the program at the end of the test run.
func (b *binary) remove() {
	if b.path != "" {
		_ = os.RemoveAll(filepath.Dir(b.path))
	}
}

// build runs go build with args, the last of which is the folder of the command. It returns the path of the program.
func build(args ...string) (string, error) {
	root, err := ModuleRoot()
	if err != nil {
		return "", err
	}
	if err := consult(root); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "magent-test-")
	if err != nil {
		return "", err
	}
	command := args[len(args)-1]
	path := filepath.Join(dir, filepath.Base(command))
	cmd := testkit.Go("build", append([]string{"-o", path}, args...)...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", command, err, out)
	}
	return path, nil
}

// consult reads the folders of the source. `go test` notes this, so it does not use a cached result if a file has
// changed.
func consult(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		return err
	})
}
