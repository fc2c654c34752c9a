package health

import (
	"os"
	"path/filepath"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// A pool that speaks TLS is asked by TLS with its certificate. If it wants one from clients, it is healthy as well.
func TestTLS(t *testing.T) {
	t.Parallel()
	ca, server := testkit.NewAuthority(t), harness.StartMemcached(t)
	cert, key := ca.IssueFiles(t, testkit.Leaf{Name: "127.0.0.1"})
	args := []string{"-s", server.Addr, "--tls-cert", cert, "--tls-key", key, "--tls-listen", "127.0.0.1:0"}
	open := harness.StartMagent(t, args...)
	mutual := harness.StartMagent(t, append(args, "--tls-client-ca", ca.File)...)
	address := func(m *harness.Magent) string { return harness.Listening(m.Log())[1] }
	check(t, 0, " serves, in ", address(open), "--tls-cert", cert)
	check(t, 0, " wants a certificate of its clients", address(mutual), "--tls-cert", cert)
	check(t, 1, open.Addr+": ", open.Addr, "--tls-cert", cert)
	for _, m := range []*harness.Magent{open, mutual} {
		check(t, 1, address(m)+": it speaks TLS: name its certificate with --tls-cert FILE", address(m))
		check(t, 1, address(m)+": it speaks TLS: name its certificate with --tls-cert FILE", address(m), "--redis")
	}
	check(t, 2, "no such file", address(open), "--tls-cert", cert+"x")
	server.Kill()
	check(t, 1, "keys can be had: SERVER_ERROR", address(open), "--tls-cert", cert)
}

// In a container the check has the variables of the proxy, and asks as that listens by them.
func TestTLSVariables(t *testing.T) {
	ca, server := testkit.NewAuthority(t), harness.StartMemcached(t)
	cert, key := ca.IssueFiles(t, testkit.Leaf{Name: "127.0.0.1"})
	proxy := harness.StartMagent(t, "-s", server.Addr, "--tls-cert", cert, "--tls-key", key, "-l", "127.0.0.1:0",
		"--tls-listen", "127.0.0.1:0")
	t.Setenv("MAGENT_TLS_CERT", cert)
	check(t, 0, " serves, in ", harness.Listening(proxy.Log())[1])
	t.Setenv("MAGENT_TLS_LISTEN", "127.0.0.1:0")
	check(t, 0, " serves, in ", proxy.Addr)
}

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
	check(t, 1, `it said "CLIENT_ERROR authentication failure"`, proxy.Addr, "-Y", wrong)
	check(t, 2, "line 1 has no ':'", proxy.Addr, "-Y", file("ann\n"))
	server.Kill()
	check(t, 0, " serves, in ", proxy.Addr)
	check(t, 1, "keys can be had: SERVER_ERROR", proxy.Addr, "-Y", right)
	open := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr)
	check(t, 0, " serves, in ", open.Addr, "-Y", right)
}
