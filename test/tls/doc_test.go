// Package tls tests encryption with real clients and servers: openssl, pymemcache, Redis, and Go's own TLS.
package tls

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// secured is a magent with a port for plain text, and one for TLS.
type secured struct {
	*harness.Magent
	ca        *testkit.Authority
	tls       string // the address of the second
	cert, key string
}

// start starts a magent with a certificate for 127.0.0.1.
func start(t *testing.T, args ...string) *secured {
	t.Helper()
	s := &secured{ca: testkit.NewAuthority(t)}
	s.cert, s.key = s.ca.IssueFiles(t, testkit.Leaf{Name: "127.0.0.1"})
	args = append([]string{"--tls-cert", s.cert, "--tls-key", s.key, "--tls-listen", "127.0.0.1:0"}, args...)
	s.Magent = harness.StartMagent(t, args...)
	s.tls = harness.Listening(s.Log())[1]
	return s
}

// config returns a client's configuration, which trusts the authority.
func (s *secured) config() *tls.Config { return trusting(s.ca) }

func trusting(ca *testkit.Authority) *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca.PEM)
	return &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
}

// dial connects by TLS, and closes the connection with the test.
func dial(t *testing.T, address string, cfg *tls.Config) (*harness.Client, *tls.Conn) {
	t.Helper()
	conn := tls.Client(testkit.Dial(t, "tcp", address), cfg)
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	return harness.NewClient(conn), conn
}

// want asks, and fails the test if the reply is not the one that is wanted.
func want(t *testing.T, c *harness.Client, request, reply string) {
	t.Helper()
	if got, err := c.Try(request); err != nil || got != reply {
		t.Fatalf("%.60q: %.200q, %v; want %.200q", request, got, err, reply)
	}
}

// refused connects by TLS, and returns why it is not served.
func refused(t *testing.T, address string, cfg *tls.Config) error {
	t.Helper()
	conn := tls.Client(testkit.Dial(t, "tcp", address), cfg)
	if err := conn.Handshake(); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("version\r\n")); err != nil {
		return err
	}
	b := make([]byte, 100)
	n, err := conn.Read(b)
	if err == nil {
		t.Fatalf("it is served: %q", b[:n])
	}
	return err
}
