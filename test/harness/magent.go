package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// Magent is the proxy under test.
type Magent struct {
	*Process
	Addr string // where it listens: host:port, or the path of a unix socket
}

// StartMagent runs magent and waits until it answers. Unless the arguments say where to listen, the kernel chooses a port.
func StartMagent(tb testing.TB, args ...string) *Magent {
	tb.Helper()
	if !slices.Contains(args, "-l") && !slices.Contains(args, "-p") {
		args = append([]string{"-l", "127.0.0.1:0"}, args...)
	}
	argv := append([]string{Binary(tb), "--log-format", "json"}, args...)
	m := &Magent{Process: Start(tb, "magent", argv...)}
	Eventually(tb, "magent says where it listens", func() error {
		if m.Exited() {
			tb.Fatalf("magent %s ended with code %d:\n%s", strings.Join(args, " "), m.ExitCode(), m.Log())
		}
		addrs := Listening(m.Log())
		if len(addrs) == 0 {
			return errors.New("no log line with the field listen")
		}
		m.Addr = addrs[0]
		return nil
	})
	awaitVersion(tb, m.Process, m.Addr)
	return m
}

// Listening reads the addresses from the line that magent logs when it is ready: field "listen", a list.
func Listening(log string) []string {
	for line := range strings.Lines(log) {
		var entry struct {
			Listen []string `json:"listen"`
		}
		if json.Unmarshal([]byte(line), &entry) == nil && len(entry.Listen) > 0 {
			return entry.Listen
		}
	}
	return nil
}

// built is the binary of this test run.
var built struct {
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
	built.once.Do(func() { built.path, built.err = build() })
	if built.err != nil {
		tb.Fatal(built.err)
	}
	return built.path
}

func build() (string, error) {
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
	path := filepath.Join(dir, "magent")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/magent")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/magent: %w\n%s", err, out)
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

// ModuleRoot is the folder above the test that holds go.mod.
func ModuleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("no go.mod above the test")
}

// Main runs the tests of a suite, removes what was built for them, and fails when a goroutine is left behind.
func Main(m *testing.M) {
	code := m.Run()
	if built.path != "" {
		_ = os.RemoveAll(filepath.Dir(built.path))
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
