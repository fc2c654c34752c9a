package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"testing"

	"magent/internal/config"
	"magent/internal/testkit"
)

// TestDrainDuringHandshake: a client that has just connected finishes its handshake, and then reads the end.
func TestDrainDuringHandshake(t *testing.T) {
	ca, leaf := testkit.NewAuthority(t), testkit.Leaf{Name: "127.0.0.1"}
	r := start(t, 1, 0, func(c *config.Config) {
		pool := &c.Pools[0]
		pool.Listen[0].TLS = true
		pool.TLSCert, pool.TLSKey = ca.IssueFiles(t, leaf)
	})
	r.svc.shakeTime = testkit.Patience
	conn, err := net.Dial("tcp", r.svc.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	testkit.Until(t, "it is accepted", func() bool { return r.svc.shaking.Load() == 1 })
	ended := make(chan struct{})
	go drainAndClose(r.svc, ended)
	testkit.Until(t, "nobody is taken in any more", func() bool {
		c, err := net.Dial("tcp", r.svc.Addrs()[0])
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.PEM)
	client := tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
	if err := client.Handshake(); err != nil {
		t.Fatalf("the handshake: %v", err)
	}
	if n, err := client.Read(make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) {
		t.Errorf("it reads %d bytes, %v", n, err)
	}
	testkit.Await(t, "the end", ended)
}

func drainAndClose(svc *Service, ended chan<- struct{}) {
	svc.Drain()
	svc.Close()
	close(ended)
}
