// Package auth tests passwords with real memcacheds and clients: those that clients say, and those that servers want.
package auth

import (
	"os"
	"path/filepath"
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// passwords writes a file of passwords that everybody may read, as memcached gives up root's rights.
func passwords(t *testing.T, text string) (path string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "auth")
	if err == nil {
		t.Cleanup(func() { os.RemoveAll(dir) })
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "passwords")
	write(t, path, text)
	return path
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// login is the set by which a client names a user and a password.
func login(user, password string) string { return harness.Set("login", user+" "+password) }

const (
	unauthenticated = "CLIENT_ERROR unauthenticated\r\n"
	failure         = "CLIENT_ERROR authentication failure\r\n"
)
