package service

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
)

// TestNoPidFileIsOverwritten: only a pid file is overwritten.
func TestNoPidFileIsOverwritten(t *testing.T) {
	for name, c := range map[string]struct {
		make func(path, other string) error
		want string
	}{
		"text": {func(path, _ string) error {
			return os.WriteFile(path, []byte("root:x:0"), 0o600)
		}, "it is not a pid file, so it is not overwritten"},
		"long": {func(path, _ string) error {
			return os.WriteFile(path, []byte(strings.Repeat("1", 100)), 0o600)
		}, "it is not a pid file, so it is not overwritten"},
		"link": {func(path, other string) error { return os.Symlink(other, path) }, "it is a symbolic link"},
		"hard link": {func(path, other string) error {
			return os.Link(other, path)
		}, "it has another name as well (a hard link)"},
		"pipe": {func(path, _ string) error { return syscall.Mkfifo(path, 0o600) }, "it is not a regular file"},
	} {
		dir := t.TempDir()
		path, other := filepath.Join(dir, "pid"), filepath.Join(dir, "other")
		if err := os.WriteFile(other, []byte("123\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.make(path, other); err != nil {
			t.Fatal(err)
		}
		_, err := createPidFile(path, "-p")
		if err == nil || !strings.HasPrefix(err.Error(), "-p "+path+": "+c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if text := testkit.ReadFile(t, other); text != "123\n" {
			t.Errorf("%s: it wrote %q", name, text)
		}
	}
}

// TestPidFileOfAnotherIsNotRemoved: the pid file of another process in the place of ours stays.
func TestPidFileOfAnotherIsNotRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	p, err := createPidFile(path, "-p")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.remove()
	if text := testkit.ReadFile(t, path); text != "5\n" {
		t.Errorf("it is %q", text)
	}
}

// TestGiveSocket: a socket that somebody else has created is not transferred, nor is anything that has replaced one.
func TestGiveSocket(t *testing.T) {
	dir := t.TempDir()
	ours, other := filepath.Join(dir, "ours"), filepath.Join(dir, "other")
	ln, err := net.Listen("unix", ours)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var given []string
	give := func(f *os.File) error { given = append(given, f.Name()); return nil }
	if err := giveSocket(give, ours); err != nil || len(given) != 1 || given[0] != ours {
		t.Errorf("given %q, %v", given, err)
	}
	if err := giveSocket(give, filepath.Join(dir, "none")); err != nil {
		t.Error(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(ours, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{other, link} {
		if err := giveSocket(give, path); err == nil || len(given) != 1 {
			t.Errorf("%s: %v, given %q", path, err, given)
		}
	}
	file, err := ln.(*net.UnixListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fd := int(file.Fd())
	if got := foreignPaths([]Socket{{FD: fd}, {FD: fd, Foreign: true}}); len(got) != 1 || got[0] != ours {
		t.Errorf("foreign are %q", got)
	}
}
