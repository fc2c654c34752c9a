package tls

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// Clients are served by both versions and each suite: small values and large ones, pipelines, and to the end. They are
// counted, and a client of plain text beside them reads what they wrote.
func TestClients(t *testing.T) {
	t.Parallel()
	s := start(t, "-s", harness.StartMemcached(t).Addr)
	plain := harness.Dial(t, s.Addr)
	for i, suite := range []uint16{
		0, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	} {
		cfg := s.config()
		field := "curr_tls13_connections"
		if suite != 0 {
			cfg.MaxVersion, cfg.CipherSuites, field = tls.VersionTLS12, []uint16{suite}, "curr_tls12_connections"
		}
		c, conn := dial(t, s.tls, cfg)
		large := strings.Repeat(fmt.Sprint("a line\r\n", i), 100_000)
		want(t, c, harness.Set("small", "value"), "STORED\r\n")
		want(t, c, harness.Set("large", large), "STORED\r\n")
		want(t, c, "get large\r\n", harness.Hit("large", large))
		plain.Want("get large\r\n", harness.Hit("large", large))
		if err := c.TrySend(strings.Repeat("get small\r\n", 2000)); err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			if got, err := c.TryReply(); err != nil || got != harness.Hit("small", "value") {
				t.Fatalf("%q, %v", got, err)
			}
		}
		if got := harness.Stats(t, s.Addr, "")[field]; got != "1" {
			t.Errorf("%s is %s", field, got)
		}
		if err := c.TrySend("get small\r\n"); err != nil {
			t.Fatal(err)
		}
		if err := conn.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(conn); err != nil || string(got) != harness.Hit("small", "value") {
			t.Fatalf("at the end: %q, %v", got, err)
		}
		testkit.Until(t, "the client is gone", func() bool { return harness.Stats(t, s.Addr, "")[field] == "0" })
	}
}

// OpenSSL talks to magent in both versions, and changes its key in between (K asks magent for a new one, too).
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	s := start(t, "-s", harness.StartMemcached(t).Addr)
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		in, keys := "", 0
		for i := range 20 {
			if version == "-tls1_3" && i%5 == 4 {
				in, keys = in+"K\n", keys+1
			}
			in += fmt.Sprintf("set k%d 0 0 2\r\nv%d\r\nget k%d\r\n", i, i%10, i)
		}
		cmd := exec.Command("openssl", "s_client", version, "-connect", s.tls, "-CAfile", s.ca.File,
			"-verify_return_error")
		out := talk(t, cmd, in, "k19")
		for i := range 20 {
			if !strings.Contains(out, fmt.Sprintf("VALUE k%d 0 2\r\nv%d\r\nEND\r\n", i, i%10)) {
				t.Fatalf("%s: no value of k%d in:\n%s", version, i, out)
			}
		}
		if n := strings.Count(out, "KEYUPDATE"); n != keys {
			t.Fatalf("%d of %d updates of the key:\n%s", n, keys, out)
		}
	}
	renegotiate(t, s)
	plain := harness.Dial(t, s.Addr)
	plain.Want("get k1\r\n", harness.Hit("k1", "v1"))
}

// renegotiate has a client want a second handshake, which ends the connection.
func renegotiate(t *testing.T, s *secured) {
	t.Helper()
	cmd := exec.Command("openssl", "s_client", "-tls1_2", "-connect", s.tls, "-CAfile", s.ca.File)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	var out output
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	testkit.Until(t, "the handshake", func() bool { return strings.Contains(out.String(), "Verify return code: 0") })
	if _, err := io.WriteString(stdin, "R\n"); err != nil {
		t.Fatal(err)
	}
	testkit.Await(t, "the end of the connection", ended)
	if !strings.Contains(out.String(), "RENEGOTIATING") {
		t.Errorf("no renegotiation was tried:\n%s", out.String())
	}
}

// talk writes lines to a program, one after the other, and returns what it has written when that contains the end.
func talk(t *testing.T, cmd *exec.Cmd, in, end string) string {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out output
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitAfterSeq(in, "\n") { // a command of s_client is a whole read of it
		seen, answer := len(out.String()), ""
		switch {
		case strings.HasPrefix(line, "get "):
			answer = "END\r\n" // not that to the set before, which may come as late
		case line == "K\n":
			answer = "KEYUPDATE"
		}
		_, _ = io.WriteString(stdin, line)
		testkit.Until(t, "the answer to "+line, func() bool { return strings.Contains(out.String()[seen:], answer) })
	}
	testkit.Until(t, "the end of the answers", func() bool {
		_, rest, found := strings.Cut(out.String(), end)
		return found && strings.Contains(rest, "END")
	})
	_ = stdin.Close()
	_ = cmd.Wait()
	return out.String()
}

type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// pymemcache talks to magent, with a certificate of its own.
func TestPymemcache(t *testing.T) {
	t.Parallel()
	ca := testkit.NewAuthority(t)
	cert, key := ca.IssueFiles(t, testkit.Leaf{Name: "127.0.0.1"})
	proxy := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr, "--tls-cert", cert, "--tls-key", key,
		"--tls-client-ca", ca.File, "--tls-listen", "127.0.0.1:0")
	host, port, err := net.SplitHostPort(harness.Listening(proxy.Log())[1])
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("/usr/bin/python3", "-B", "scripts/pymemcache_tls.py", host, port, ca.File, cert,
		key).CombinedOutput()
	if err != nil || string(out) != "ok\n" {
		t.Fatalf("%v:\n%s", err, out)
	}
}

// Who has no certificate, an expired one, or one of somebody else, is refused, as is who does not trust magent's. The
// reason is logged, and the failures are counted. Plain text beside it is served all the time.
func TestRefused(t *testing.T) {
	t.Parallel()
	ca, strange := testkit.NewAuthority(t), testkit.NewAuthority(t)
	cert, key := ca.IssueFiles(t, testkit.Leaf{Name: "127.0.0.1"})
	proxy := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr, "--tls-cert", cert, "--tls-key", key,
		"--tls-client-ca", ca.File, "--tls-listen", "127.0.0.1:0")
	address := harness.Listening(proxy.Log())[1]
	with := func(issuer *testkit.Authority, l testkit.Leaf) *tls.Config {
		cfg := trusting(ca)
		pair, err := tls.X509KeyPair(issuer.Issue(t, l))
		if err != nil {
			t.Fatal(err)
		}
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		return cfg
	}
	old := with(ca, testkit.Leaf{Name: "client"})
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	name := with(ca, testkit.Leaf{Name: "client"})
	name.ServerName = "another.test"
	cases := map[string]*tls.Config{
		"no certificate": trusting(ca), "an expired one": with(ca, testkit.Leaf{Name: "client", Expired: true}),
		"somebody else's": with(strange, testkit.Leaf{Name: "client"}), "an old version": old, "wrong name": name,
	}
	for what, cfg := range cases {
		if err := refused(t, address, cfg); err == nil {
			t.Errorf("%s is not refused", what)
		}
	}
	raw := testkit.Dial(t, "tcp", address)
	if _, err := io.WriteString(raw, "get a\r\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(raw); err != nil && !harness.IsReset(err) || bytes.Contains(got, []byte("END")) {
		t.Errorf("plain text: %q, %v", got, err)
	}
	testkit.Eventually(t, "all failures are counted", func() error {
		if got := harness.Stats(t, proxy.Addr, "")["ssl_handshake_errors"]; got != fmt.Sprint(len(cases)+1) {
			return errors.New("ssl_handshake_errors is " + got)
		}
		return nil
	})
	lines := 0
	testkit.Until(t, "it is logged", func() bool {
		lines = 0
		for line := range strings.Lines(proxy.Log()) {
			if strings.Contains(line, "a TLS handshake with a client failed") &&
				strings.Contains(line, `"reason":"`) {
				lines++
			}
		}
		return lines > 0
	})
	if lines > len(cases)/2 {
		t.Errorf("%d lines about it in the log:\n%s", lines, proxy.Log())
	}
	c, _ := dial(t, address, with(ca, testkit.Leaf{Name: "client"}))
	want(t, c, "get a\r\n", "END\r\n")
}

// Clients that do not go on with their handshakes keep others waiting for a few seconds at most.
func TestHangingHandshakes(t *testing.T) {
	t.Parallel()
	s := start(t, "-s", harness.StartMemcached(t).Addr)
	const most = 1024
	dialed := 0
	more := func(n int) {
		for range n {
			testkit.Dial(t, "tcp", s.tls)
			dialed++
		}
	}
	more(most + 10)
	testkit.Until(t, "all handshakes are taken", func() bool {
		if strings.Contains(s.Log(), "many TLS handshakes are under way") {
			return true
		}
		more(16) // on a busy machine the first are given up before the last are there
		return false
	})
	harness.Dial(t, s.Addr).Want("get a\r\n", "END\r\n")
	c, _ := dial(t, s.tls, s.config())
	want(t, c, "get a\r\n", "END\r\n")
	testkit.Until(t, "the others are gone", func() bool {
		return harness.Stats(t, s.Addr, "")["ssl_handshake_errors"] == fmt.Sprint(dialed)
	})
}

// Sessions are resumed, in both versions.
func TestResumption(t *testing.T) {
	t.Parallel()
	s := start(t, "-s", harness.StartMemcached(t).Addr)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		cfg := s.config()
		cfg.MaxVersion, cfg.ClientSessionCache = version, tls.NewLRUClientSessionCache(1)
		for i := range 3 {
			c, conn := dial(t, s.tls, cfg)
			want(t, c, "get a\r\n", "END\r\n")
			if state := conn.ConnectionState(); state.DidResume != (i > 0) || state.Version != version {
				t.Errorf("%s, connection %d: resumed: %t", tls.VersionName(version), i, state.DidResume)
			}
		}
	}
}
