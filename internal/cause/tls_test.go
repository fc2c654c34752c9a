package cause

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// ends are the two configurations of a handshake.
type ends struct{ client, server *tls.Config }

// shake makes a handshake, and returns what each end says of it.
func (e ends) shake(t *testing.T) (client, server error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error, 1)
	go func() { done <- answer(l, e.server) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	client = tls.Client(conn, e.client).Handshake()
	conn.Close()
	return client, <-done
}

// answer is the server of a handshake.
func answer(l net.Listener, cfg *tls.Config) error {
	c, err := l.Accept()
	if err != nil {
		return err
	}
	defer c.Close()
	return tls.Server(c, cfg).Handshake()
}

// What crypto/tls and crypto/x509 say in handshakes that fail is told in words of ours, with what to do.
func TestHandshakesThatFail(t *testing.T) {
	ca, stranger := testkit.NewAuthority(t), testkit.NewAuthority(t)
	shown := func(ca *testkit.Authority, l testkit.Leaf) *tls.Config {
		pair, err := tls.LoadX509KeyPair(ca.IssueFiles(t, l))
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	roots := func(ca *testkit.Authority) *x509.CertPool {
		pool, text := x509.NewCertPool(), testkit.ReadFile(t, ca.File)
		if !pool.AppendCertsFromPEM([]byte(text)) {
			t.Fatal(text)
		}
		return pool
	}
	good := testkit.Leaf{Name: "cache.test"}
	client := func(name string) *tls.Config { return &tls.Config{RootCAs: roots(ca), ServerName: name} }
	wanting, old := shown(ca, good), shown(ca, good)
	wanting.ClientAuth, wanting.ClientCAs = tls.RequireAndVerifyClientCert, roots(ca)
	wanting.MaxVersion = tls.VersionTLS12
	old.MaxVersion = tls.VersionTLS12
	modern, foreign := client("cache.test"), client("cache.test")
	modern.MinVersion = tls.VersionTLS13
	foreign.Certificates = shown(stranger, testkit.Leaf{Name: "me"}).Certificates
	for _, c := range []struct {
		ends
		client, server string // parts of what is said
	}{
		{
			ends{client("10.0.0.1"), shown(ca, good)},
			"its certificate is not for 10.0.0.1, but for cache.test: give it", "the certificate that was shown",
		},
		{ends{client("other.test"), shown(ca, good)}, "its certificate is not for other.test, but for cache.test", ""},
		{
			ends{client("cache.test"), shown(stranger, good)},
			"of an authority that is not known here: name the file", "",
		},
		{
			ends{client("cache.test"), shown(ca, testkit.Leaf{Name: "cache.test", Expired: true})},
			"its certificate has expired, or is not valid yet: renew it", "",
		},
		{
			ends{client("cache.test"), wanting},
			"it has ended the TLS handshake: ",
			"the client has shown no certificate",
		},
		{ends{foreign, wanting}, "it has ended the TLS handshake: ", ""},
		{ends{modern, old}, "use TLS 1.2 or 1.3 at both ends", "the two have no version in common"},
	} {
		clientErr, serverErr := c.shake(t)
		for _, said := range []struct {
			err  error
			want string
		}{{clientErr, c.client}, {serverErr, c.server}} {
			text := ""
			if said.err != nil {
				text = Of(said.err).Error()
			}
			if !strings.Contains(text, said.want) || strings.Contains(text, "tls:") || strings.Contains(text, "x509") {
				t.Errorf("%v: %q, want %q", said.err, text, said.want)
			}
			if said.want != "" && !Advises(Of(said.err)) {
				t.Errorf("%q does not say what to do", text)
			}
		}
	}
}

// Other ends than those of TLS, alerts of every number, and what has no type.
func TestOfTLS(t *testing.T) {
	for i := range 256 {
		for _, op := range []string{"remote error", "local error"} {
			err := Of(&net.OpError{Op: op, Err: tls.AlertError(i)})
			text := err.Error()
			if strings.Contains(text, "tls:") || strings.Contains(text, "error:") || !Advises(err) {
				t.Errorf("alert %d: %q", i, text)
			}
		}
	}
	for _, c := range []struct {
		said error
		want string
	}{
		{
			tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"},
			"it does not speak TLS: name the port",
		},
		{
			&net.OpError{Op: "local error", Err: tls.AlertError(20)},
			"what it sent in the TLS handshake is refused here: what arrived is damaged",
		},
		{
			errors.New("tls: no cipher suite supported by both client and server; requested: [1]"),
			"the TLS handshake has failed: the two have no cipher in common",
		},
		{errors.New("tls: something new"), "the TLS handshake has failed: something new"},
		{
			&tls.CertificateVerificationError{Err: errors.New("x509: something new")},
			"its certificate cannot be verified: something new",
		},
	} {
		got := Of(c.said)
		if !strings.HasPrefix(got.Error(), c.want) || !same(got, Of(got)) || errors.Unwrap(got) == nil {
			t.Errorf("%v: %v, want %q", c.said, got, c.want)
		}
	}
	if Advises(Of(os.ErrDeadlineExceeded)) {
		t.Error("what does not say what to do is taken for advice")
	}
}

// same reports whether two errors are the very same one.
func same(a, b error) bool { return errors.Is(a, b) && errors.Is(b, a) }
