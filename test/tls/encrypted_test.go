package tls

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// has waits until the memcached has a value.
func has(t *testing.T, m *harness.Encrypted, key, value string) {
	t.Helper()
	testkit.Eventually(t, m.Name+" has "+key, func() error {
		if got := harness.Dial(t, m.Plain).Do("get " + key + "\r\n"); got != harness.Hit(key, value) {
			return fmt.Errorf("%.200q", got)
		}
		return nil
	})
}

// awaitReason waits until a server is out of use for a reason.
func awaitReason(t *testing.T, proxy *harness.Magent, server, reason string) {
	t.Helper()
	testkit.Eventually(t, "the server is out of use", func() error {
		state := harness.ServerStat(t, proxy.Addr, server, "state")
		if got := harness.ServerStat(t, proxy.Addr, server, "last_error"); state != "ejected" ||
			!strings.Contains(got, reason) {
			return fmt.Errorf("%s: %s; want %s", state, got, reason)
		}
		return nil
	})
	testkit.Until(t, "the log says why", func() bool { return strings.Contains(proxy.Log(), reason) })
	if lines := strings.Count(proxy.Log(), `"server":"`+server); lines != 1 {
		t.Errorf("%d lines about it in the log:\n%s", lines, proxy.Log())
	}
}

// relay is a server in front of another one that speaks TLS, and says what it has seen of its clients.
type relay struct {
	addr    string
	resumed chan bool // for each handshake: whether a session was resumed
}

// terminate starts a relay to a memcached that speaks plain text.
func terminate(t *testing.T, to string, cfg *tls.Config) *relay {
	t.Helper()
	r := &relay{resumed: make(chan bool, 1000)}
	r.addr = testkit.Serve(t, func(c net.Conn) {
		near := tls.Server(c, cfg)
		if near.Handshake() != nil {
			return
		}
		r.resumed <- near.ConnectionState().DidResume
		far, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		defer far.Close()
		done := make(chan struct{})
		go func() {
			_, _ = io.Copy(near, far)
			_ = c.Close()
			close(done)
		}()
		_, _ = io.Copy(far, near)
		_ = far.Close()
		<-done
	})
	return r
}

// pairOf returns a certificate.
func pairOf(t *testing.T, ca *testkit.Authority, l testkit.Leaf) tls.Certificate {
	t.Helper()
	c, err := tls.X509KeyPair(ca.Issue(t, l))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// here is the certificate of a server on this machine.
var here = testkit.Leaf{Name: "127.0.0.1"}

// writePasswords writes a file of passwords.
func writePasswords(t *testing.T, text string) string {
	t.Helper()
	return testkit.TempFile(t, "passwords", text)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}
