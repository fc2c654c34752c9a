package service

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
)

func TestPidFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	if err := os.WriteFile(path, []byte("123456789 left by a crash\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := createPidFile(path, "--pid-file")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := testkit.ReadFile(t, path), fmt.Sprintf("%d\n", os.Getpid()); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err = createPidFile(path, "--pid-file")
	want := fmt.Sprintf("--pid-file %s: process %d is using it: stop that one, or choose another file", path,
		os.Getpid())
	if err == nil || err.Error() != want {
		t.Errorf("a second process: got %v\nwant %s", err, want)
	}
	p.remove()
	if _, err := os.Stat(path); err == nil {
		t.Error("the file is still there")
	}
}

func TestPidFileIsEmptiedWhereItCannotBeRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := createPidFile(filepath.Join(dir, "pid"), "--pid-file")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, dir+".moved"); err != nil { // remove will not find it
		t.Fatal(err)
	}
	p.remove()
	if got := testkit.ReadFile(t, filepath.Join(dir+".moved", "pid")); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestNoPidFile(t *testing.T) {
	p, err := createPidFile("", "--pid-file")
	if p != nil || err != nil {
		t.Errorf("got %v, %v", p, err)
	}
	p.remove()
	if _, err = createPidFile("/no/such/folder/pid", "--pid-file"); err == nil ||
		!strings.Contains(err.Error(), "name a file in an existing, writable folder") {
		t.Errorf("got %v", err)
	}
}
