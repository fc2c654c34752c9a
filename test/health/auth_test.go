package health

import (
	"os"
	"path/filepath"
	"testing"

	"magent/test/harness"
)

// A pool that wants passwords is healthy for whoever has none, and is asked for keys by whoever has one.
func TestPasswords(t *testing.T) {
	t.Parallel()
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "passwords")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	right, server := file("ann:one\n"), harness.StartMemcached(t)
	proxy := harness.StartMagent(t, "-s", server.Addr, "--auth-file", right)
	check(t, 0, " serves, in ", proxy.Addr)
	check(t, 0, " serves, in ", proxy.Addr, "--auth-file", right)
	wrong := file("ann:two\n")
	check(t, 1, `it said "CLIENT_ERROR authentication failure"`, proxy.Addr, "-Y", wrong, "--within", "30s")
	check(t, 2, "line 1 has no ':'", proxy.Addr, "-Y", file("ann\n"))
	server.Kill()
	check(t, 0, " serves, in ", proxy.Addr)
	check(t, 1, "keys can be had: SERVER_ERROR", proxy.Addr, "-Y", right)
	open := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr)
	check(t, 0, " serves, in ", open.Addr, "-Y", right)
}
