package upgrade

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"sync/atomic"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestUnderLoadByTLS is TestUnderLoad with TLS to clients and to servers: no handshake is cut off either.
func TestUnderLoadByTLS(t *testing.T) {
	t.Parallel()
	ca, here := testkit.NewAuthority(t), testkit.Leaf{Name: "127.0.0.1"}
	primary, backup := harness.StartEncrypted(t, ca, here), harness.StartEncrypted(t, ca, here)
	cert, key := ca.IssueFiles(t, here)
	s := install(t, "-s", primary.Addr, "-b", backup.Addr, "--threads", "2", "--tls-cert", cert,
		"--tls-key", key, "--server-tls", "--server-tls-ca", ca.File)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.PEM)
	cfg := &tls.Config{
		RootCAs: roots, ServerName: "127.0.0.1", ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
	var ended atomic.Bool
	workers := make([]*worker, 8)
	done := make(chan error, 1)
	go loadBy(0, func() (*harness.Client, error) {
		conn, err := (&tls.Dialer{NetDialer: &net.Dialer{Timeout: testkit.Patience}, Config: cfg}).Dial("tcp", s.addr)
		if err != nil {
			return nil, err
		}
		return harness.NewClient(conn), nil
	}, workers, &ended, done)
	const upgrades = 3
	for range upgrades {
		s.upgrade()
	}
	ended.Store(true)
	if err := <-done; err != nil {
		t.Error(err)
	}
	asked, broken := 0, 0
	for _, w := range workers {
		asked, broken = asked+w.asked, broken+w.broken
	}
	t.Logf("%d requests, %d connections ended under a request", asked, broken)
	if asked < 100 || broken > 2*upgrades*len(workers) {
		t.Errorf("%d requests, %d connections ended under a request", asked, broken)
	}
	for _, server := range []*harness.Encrypted{primary, backup} {
		if got := harness.Stats(t, server.Plain, "")["cmd_set"]; got == "0" {
			t.Errorf("%s was not written to", server.Addr)
		}
	}
}
