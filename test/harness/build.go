package harness

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// built are the binaries of this test run.
var built struct {
	plain, faulty, nutcracker binary
}

// binary is a program made of the source of this module.
type binary struct {
	once sync.Once
	path string
	err  error
}

// Binary is the magent to be tested: MAGENT_BIN, or what the source of this module makes.
func Binary(tb testing.TB) string {
	tb.Helper()
	if path := os.Getenv("MAGENT_BIN"); path != "" {
		return path
	}
	return built.plain.make(tb, "./cmd/magent")
}

// BinaryWithFaults is a magent that leaves out the guards that MAGENT_FAULT names when it is started.
func BinaryWithFaults(tb testing.TB) string {
	tb.Helper()
	return built.faulty.make(tb, "-tags", "faults", "./cmd/magent")
}

// Nutcracker is the nutcracker to be tested: NUTCRACKER_BIN, or what the source of this module makes.
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

// remove is for the end of the test run.
func (b *binary) remove() {
	if b.path != "" {
		_ = os.RemoveAll(filepath.Dir(b.path))
	}
}

// build runs go build with arguments whose last one is the folder of the command.
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
	cmd := exec.Command("go", append([]string{"build", "-o", path}, args...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", command, err, out)
	}
	return path, nil
}

// consult reads the folders of the source: `go test` notes that, and does not show an old result when a file has changed.
func consult(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && strings.HasPrefix(entry.Name(), ".") {
			return filepath.SkipDir
		}
		return err
	})
}
