package tls

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// encrypted is a memcached that speaks TLS, and plain text on another port.
type encrypted struct {
	*testkit.Process
	addr, plain string
	cert, key   string // its files

	t    *testing.T
	argv []string
	env  []string
}

// encrypt starts a memcached with a certificate. more are what -o gets besides.
func encrypt(t *testing.T, ca *testkit.Authority, l testkit.Leaf, more ...string) *encrypted {
	t.Helper()
	tlsPort, plain := strconv.Itoa(testkit.ReservePort(t)), strconv.Itoa(testkit.ReservePort(t))
	m := &encrypted{t: t, addr: "127.0.0.1:" + tlsPort, plain: "127.0.0.1:" + plain}
	m.cert, m.key = ca.IssueFiles(t, l)
	options := append([]string{"ssl_chain_cert=" + m.cert, "ssl_key=" + m.key}, more...)
	m.argv = []string{
		"memcached", "-u", "nobody", "-U", "0", "-t", "1", "-l", m.addr, "-l", "notls:" + m.plain, "-Z", "-o",
		strings.Join(options, ","),
	}
	m.start()
	return m
}

// start waits until the memcached answers on the port of plain text.
func (m *encrypted) start() {
	m.t.Helper()
	m.Process = testkit.StartWith(m.t, "memcached "+m.addr, m.env, m.argv...)
	testkit.Eventually(m.t, m.Name+" answers", func() error {
		if m.Exited() {
			m.t.Fatalf("%s ended with code %d:\n%s", m.Name, m.ExitCode(), m.Log())
		}
		c, err := net.DialTimeout("tcp", m.plain, testkit.Patience)
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(testkit.Patience)); err != nil {
			return err
		}
		if _, err := io.WriteString(c, "version\r\n"); err != nil {
			return err
		}
		_, err = c.Read(make([]byte, 100))
		return err
	})
}

// restart kills the memcached, and starts it again, empty.
func (m *encrypted) restart() {
	m.t.Helper()
	m.Kill()
	m.start()
}

// has waits until the memcached has a value.
func (m *encrypted) has(key, value string) {
	m.t.Helper()
	testkit.Eventually(m.t, m.Name+" has "+key, func() error {
		if got := harness.Dial(m.t, m.plain).Do("get " + key + "\r\n"); got != harness.Hit(key, value) {
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
