package harness

import (
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
)

// Encrypted is a memcached that speaks TLS, and plain text on another port.
type Encrypted struct {
	*testkit.Process
	Addr, Plain string
	Cert, Key   string // its files

	tb   testing.TB
	argv []string
}

// StartEncrypted runs the memcached in PATH with a certificate, and waits until it answers. more are what -o gets
// besides.
func StartEncrypted(tb testing.TB, ca *testkit.Authority, l testkit.Leaf, more ...string) *Encrypted {
	tb.Helper()
	tlsPort, plain := strconv.Itoa(testkit.ReservePort(tb)), strconv.Itoa(testkit.ReservePort(tb))
	m := &Encrypted{tb: tb, Addr: "127.0.0.1:" + tlsPort, Plain: "127.0.0.1:" + plain}
	m.Cert, m.Key = ca.IssueFiles(tb, l)
	options := append([]string{"ssl_chain_cert=" + m.Cert, "ssl_key=" + m.Key}, more...)
	m.argv = []string{
		"memcached", "-u", "nobody", "-U", "0", "-t", "1", "-l", m.Addr, "-l", "notls:" + m.Plain, "-Z", "-o",
		strings.Join(options, ","),
	}
	m.Start()
	return m
}

// Start runs it again after Kill.
func (m *Encrypted) Start() {
	m.tb.Helper()
	m.Process = testkit.Start(m.tb, "memcached "+m.Addr, m.argv...)
	testkit.Eventually(m.tb, m.Name+" answers", func() error {
		if m.Exited() {
			m.tb.Fatalf("%s ended with code %d:\n%s", m.Name, m.ExitCode(), m.Log())
		}
		c, err := net.DialTimeout("tcp", m.Plain, testkit.Patience)
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

// Restart kills the memcached, and starts it again, empty.
func (m *Encrypted) Restart() {
	m.tb.Helper()
	m.Kill()
	m.Start()
}
