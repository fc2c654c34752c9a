package cause

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
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
	defer conn.Close()
	tlsConn := tls.Client(conn, e.client)
	if client = tlsConn.Handshake(); client == nil { // in TLS 1.3 the server may refuse a certificate behind that
		_, client = tlsConn.Read(make([]byte, 1))
	}
	return client, testkit.Await(t, "the server's end", done)
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

// What crypto/tls and crypto/x509 say in handshakes that fail is told in words of ours, with what to do. Each end is
// told what it can do, by flags of its own kind: as a client of servers, or as the server of clients.
func TestHandshakesThatFail(t *testing.T) {
	ca, stranger := testkit.NewAuthority(t), testkit.NewAuthority(t)
	shown := func(ca *testkit.Authority, l testkit.Leaf) []tls.Certificate {
		pair, err := tls.LoadX509KeyPair(ca.IssueFiles(t, l))
		if err != nil {
			t.Fatal(err)
		}
		return []tls.Certificate{pair}
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(testkit.ReadFile(t, ca.File))) {
		t.Fatal("no authority")
	}
	good, expired := testkit.Leaf{Name: "cache.test"}, testkit.Leaf{Name: "cache.test", Expired: true}
	// pair has ends that understand each other, in a version.
	pair := func(version uint16, change func(e ends)) ends {
		e := ends{
			&tls.Config{RootCAs: roots, ServerName: "cache.test", MinVersion: version, MaxVersion: version},
			&tls.Config{Certificates: shown(ca, good), ClientCAs: roots, MinVersion: version, MaxVersion: version},
		}
		change(e)
		return e
	}
	wants := func(certificates []tls.Certificate) func(e ends) {
		return func(e ends) {
			e.server.ClientAuth = tls.RequireAndVerifyClientCert
			e.client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if len(certificates) == 0 {
					return &tls.Certificate{}, nil
				}
				return &certificates[0], nil
			}
		}
	}
	const refused = "it has ended the TLS handshake: it does not accept the certificate of "
	for name, c := range map[string]struct {
		change         func(e ends)
		client, server string // parts of what is said
	}{
		"an address that is not in it": {
			func(e ends) { e.client.ServerName = "10.0.0.1" },
			"its certificate is not for 10.0.0.1, but for cache.test: give it", refused + "--tls-cert: ",
		},
		"a name that is not in it": {
			func(e ends) { e.client.ServerName = "other.test" },
			"its certificate is not for other.test, but for cache.test", refused + "--tls-cert: ",
		},
		"another authority": {
			func(e ends) { e.server.Certificates = shown(stranger, good) },
			"of an authority that is not known here: name the file with that authority's certificate (--server-tls-",
			refused + "--tls-cert: that has to be valid, for the name by which the client connects, and of an auth",
		},
		"expired": {
			func(e ends) { e.server.Certificates = shown(ca, expired) },
			"its certificate has expired, or is not valid yet: renew it", refused + "--tls-cert: ",
		},
		"no certificate of a client": {
			wants(nil), "it wants a certificate: show one by --server-tls-cert", "the client has shown no certificate",
		},
		"a client of another authority": {
			wants(shown(stranger, good)), "it does not know the authority of the certificate of --server-tls-cert",
			"of an authority that is not known here: name the file with that authority's certificate (--tls-cl",
		},
		"a client whose certificate has expired": {
			wants(shown(ca, expired)), "the certificate of --server-tls-cert has expired: renew it",
			"its certificate has expired, or is not valid yet",
		},
		"no common key exchange": {
			func(e ends) {
				e.client.CurvePreferences = []tls.CurveID{tls.CurveP256}
				e.server.CurvePreferences = []tls.CurveID{tls.CurveP384}
			},
			"it has ended the TLS handshake: the two have no", " in common: use TLS 1.2 or 1.3 at both ends",
		},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			told(t, name+", "+tls.VersionName(version), pair(version, c.change), c.client, c.server)
		}
	}
	told(t, "no common version", pair(tls.VersionTLS12, func(e ends) {
		e.client.MinVersion, e.client.MaxVersion = tls.VersionTLS13, tls.VersionTLS13
	}), versions, "the two have no version in common: use TLS 1.2 or 1.3")
	told(t, "no common cipher", pair(tls.VersionTLS12, func(e ends) {
		e.client.CipherSuites = []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	}), versions, "the two have no cipher in common: use TLS 1.2 or 1.3")
}

// told makes a handshake, and wants parts of what each end is told.
func told(t *testing.T, name string, e ends, client, server string) {
	t.Helper()
	clientErr, serverErr := e.shake(t)
	for _, said := range []struct {
		err, got error
		want     string
		others   string // flags of the other kind begin with that
	}{{clientErr, Of(clientErr), client, " --tls-"}, {serverErr, OfClient(serverErr), server, "--server-tls-"}} {
		text := ""
		if said.got != nil {
			text = said.got.Error()
		}
		if !strings.Contains(text, said.want) || strings.Contains(text, "tls:") || strings.Contains(text, "x509") ||
			strings.Contains(strings.ReplaceAll(text, "(", " "), said.others) || !Advises(said.got) {
			t.Errorf("%s: %v: %q, want %q", name, said.err, text, said.want)
		}
	}
}

// raw sends bytes to an end that makes a handshake, and returns what that end says.
func raw(t *testing.T, sent []byte, shake func(c net.Conn) error) error {
	t.Helper()
	ours, theirs := net.Pipe()
	defer ours.Close()
	done := make(chan error, 1)
	go func() { done <- shake(theirs) }()
	go func() { _, _ = io.Copy(io.Discard, ours) }()
	if _, err := ours.Write(sent); err != nil {
		t.Fatal(err)
	}
	return testkit.Await(t, "the end of a handshake", done)
}

// Both ends may meet one that speaks plain text, and get any alert of TLS. None is told of flags of the other kind.
func TestAlertsOfBothEnds(t *testing.T) {
	ca := testkit.NewAuthority(t)
	pair, err := tls.LoadX509KeyPair(ca.IssueFiles(t, testkit.Leaf{Name: "cache.test"}))
	if err != nil {
		t.Fatal(err)
	}
	asClient := func(c net.Conn) error { return tls.Client(c, &tls.Config{ServerName: "cache.test"}).Handshake() }
	asServer := func(c net.Conn) error {
		return tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}}).Handshake()
	}
	got := Of(raw(t, []byte("ERROR\r\n"), asClient)).Error()
	if got != "it does not speak TLS: name the port where it does, or speak plain text to it" {
		t.Error(got)
	}
	for _, plain := range []string{"get a\r\n", "GET / HTTP/1.1\r\n\r\n", "\x80\x0a\x00\x00\x00\x00"} {
		got := OfClient(raw(t, []byte(plain), asServer)).Error()
		if got != "it does not speak TLS: have it speak TLS, or name it a port without" {
			t.Errorf("%q: %s", plain, got)
		}
	}
	for i := 1; i < 256; i++ { // 0 is the end of a connection
		record := []byte{21, 3, 3, 0, 2, 2, byte(i)}
		for _, said := range []struct {
			err, got error
			others   string
		}{
			{raw(t, record, asClient), nil, " --tls-"}, {raw(t, record, asServer), nil, "--server-tls-"},
		} {
			if said.got = Of(said.err); said.others != " --tls-" {
				said.got = OfClient(said.err)
			}
			text := said.got.Error()
			if !strings.HasPrefix(text, "it has ended the TLS handshake: ") || strings.Contains(text, "tls:") ||
				strings.Contains(text, said.others) || !errors.Is(said.got, said.err) || !Advises(said.got) {
				t.Errorf("alert %d: %v: %q", i, said.err, text)
			}
		}
	}
}

// Alerts of every number that this end has sent, and what has no type.
func TestOfTLS(t *testing.T) {
	for i := range 256 {
		for _, err := range []error{
			Of(&net.OpError{Op: "local error", Err: tls.AlertError(i)}),
			OfClient(&net.OpError{Op: "local error", Err: tls.AlertError(i)}),
		} {
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
