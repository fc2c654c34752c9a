package tls

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// A certificate is renewed under load, on SIGHUP: nobody is cut off, and new clients see the new one. Files that
// cannot be used change nothing.
func TestRenewal(t *testing.T) {
	t.Parallel()
	s := start(t, "-s", harness.StartMemcached(t).Addr)
	var stop atomic.Bool
	var done sync.WaitGroup
	var asked atomic.Int64
	for i := range 8 {
		cfg := s.config()
		cfg.MaxVersion = []uint16{tls.VersionTLS12, tls.VersionTLS13}[i%2]
		c, _ := dial(t, s.tls, cfg)
		done.Go(func() {
			for n := 0; !stop.Load(); n++ {
				value := fmt.Sprint(n)
				if got, err := c.Try(harness.Set("k", value)); err != nil || got != "STORED\r\n" {
					t.Errorf("%q, %v", got, err)
					return
				}
				asked.Add(1)
			}
		})
	}
	defer done.Wait()
	defer stop.Store(true)
	serial := func() string {
		_, conn := dial(t, s.tls, s.config())
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	for range 5 {
		before, load := serial(), asked.Load()
		s.ca.Renew(t, testkit.Leaf{Name: "127.0.0.1"}, s.cert, s.key)
		s.Signal(syscall.SIGHUP)
		testkit.Until(t, "the new certificate is shown", func() bool { return serial() != before })
		testkit.Until(t, "the load goes on", func() bool { return asked.Load() > load+100 })
	}
	before := serial()
	if err := os.WriteFile(s.key, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Signal(syscall.SIGHUP)
	told := s.key + ": there is no key"
	testkit.Until(t, "the error is logged", func() bool { return strings.Contains(s.Log(), told) })
	if serial() != before {
		t.Error("another certificate is shown")
	}
}

// Without --tls-listen all TCP ports speak TLS, but for those with notls:, and the unix socket.
func TestListeners(t *testing.T) {
	t.Parallel()
	ca := testkit.NewAuthority(t)
	cert, key := ca.IssueFiles(t, testkit.Leaf{Name: "127.0.0.1"})
	socket := testkit.SocketPath(t)
	proxy := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr, "--tls-cert", cert, "--tls-key", key,
		"-l", "notls:127.0.0.1:0", "-l", "127.0.0.1:0", "-f", socket)
	harness.Dial(t, socket).Want("get a\r\n", "END\r\n")
	harness.Dial(t, proxy.Addr).Want("get a\r\n", "END\r\n")
	c, _ := dial(t, harness.Listening(proxy.Log())[1], trusting(ca))
	want(t, c, "get a\r\n", "END\r\n")
	if got := harness.Stats(t, proxy.Addr, "settings")["pool:magent:tls"]; got != "yes" {
		t.Errorf("pool:magent:tls is %q", got)
	}
}

// A reload switches TLS on for a pool of Redis, on the port that it has, and off again. Clients of before are sent
// away.
func TestReload(t *testing.T) {
	t.Parallel()
	ca := testkit.NewAuthority(t)
	cert, key := ca.IssueFiles(t, testkit.Leaf{Name: "127.0.0.1"})
	server := testkit.StartRedis(t)
	file := filepath.Join(t.TempDir(), "pools.yml")
	const address = "127.0.0.1:%d"
	at := fmt.Sprintf(address, testkit.ReservePort(t))
	write := func(more string) {
		text := fmt.Sprintf("other:\n  listen: %s\n  servers:\n  - %s:1\nredis:\n  listen: %s\n  redis: true\n"+
			"  timeout: 60000\n  servers:\n  - %s:1\n%s", fmt.Sprintf(address, testkit.ReservePort(t)),
			testkit.DeadAddr(t), at, server.Addr, more)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("")
	proxy := testkit.Start(t, "magent", harness.Binary(t), "--log-format", "json", "--connect-timeout",
		testkit.Patience.String(), "-c", file)
	testkit.Until(t, "magent is ready", func() bool { return harness.Listening(proxy.Log()) != nil })
	ping := func(conn net.Conn) error {
		if err := conn.SetDeadline(time.Now().Add(testkit.Patience)); err != nil {
			return err
		}
		if _, err := io.WriteString(conn, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"); err != nil {
			return err
		}
		b := make([]byte, 5)
		if _, err := io.ReadFull(conn, b); err != nil || string(b) != "+OK\r\n" {
			return fmt.Errorf("%q, %w", b, err)
		}
		return nil
	}
	before := testkit.Dial(t, "tcp", at)
	testkit.Eventually(t, "plain text is served", func() error { return ping(before) })
	write(fmt.Sprintf("  tls_cert: %s\n  tls_key: %s\n", cert, key))
	proxy.Signal(syscall.SIGUSR1)
	if _, err := io.ReadAll(before); err != nil && !harness.IsReset(err) {
		t.Errorf("a client of before is not sent away: %v", err)
	}
	conn := tls.Client(testkit.Dial(t, "tcp", at), trusting(ca))
	if err := ping(conn); err != nil {
		t.Error(err)
	}
	write("")
	proxy.Signal(syscall.SIGUSR1)
	testkit.Until(t, "the client is sent away", func() bool { return ping(conn) != nil })
	if err := ping(testkit.Dial(t, "tcp", at)); err != nil {
		t.Error(err)
	}
}
