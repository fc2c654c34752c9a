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

// removeBuilt deletes the programs at the end of the test run.
func removeBuilt() {
	built.plain.remove()
	built.faulty.remove()
	built.nutcracker.remove()
	built.previous.remove()
	built.modules.Range(func(_, b any) bool {
		b.(*binary).remove()
		return true
	})
}

// binary is a program that is built once.
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
	return built.plain.make(tb, source("./cmd/magent"))
}

// BinaryWithFaults returns the path of a magent without the guards that MAGENT_FAULT names when it is started.
func BinaryWithFaults(tb testing.TB) string {
	tb.Helper()
	return built.faulty.make(tb, source("-tags", "faults", "./cmd/magent"))
}

// Nutcracker returns the path of the nutcracker to be tested: NUTCRACKER_BIN, or one that is built from the source of
// this module.
func Nutcracker(tb testing.TB) string {
	tb.Helper()
	if path := os.Getenv("NUTCRACKER_BIN"); path != "" {
		return path
	}
	return built.nutcracker.make(tb, source("./cmd/nutcracker"))
}

// make returns the path of the program. The first time build makes it.
func (b *binary) make(tb testing.TB, build func() (path string, err error)) string {
	tb.Helper()
	b.once.Do(func() { b.path, b.err = build() })
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

// source builds a command of this module, whose folder is the last of args.
func source(args ...string) func() (path string, err error) {
	return func() (string, error) {
		root, err := ModuleRoot()
		if err != nil {
			return "", err
		}
		if err := consult(root); err != nil {
			return "", err
		}
		return compile(root, filepath.Base(args[len(args)-1]), args...)
	}
}

// compile runs go build with args in a folder. It returns the path of the program, which has a folder of its own.
func compile(folder, name string, args ...string) (path string, err error) {
	dir, err := os.MkdirTemp("", "magent-test-")
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, name)
	cmd := testkit.Go("build", append([]string{"-o", path}, args...)...)
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		_ = os.RemoveAll(dir)
		return "", fmt.Errorf("go build of %s: %w\n%s", name, err, out)
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
