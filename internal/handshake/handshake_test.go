package handshake

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/loop"
	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var suites = []struct {
	version uint16
	suites  []uint16 // of 1.2
}{
	{tls.VersionTLS13, nil},
	{tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}},
	{tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}},
	{tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256}},
}

// authority returns configurations of a server and of a client that know each other.
func authority(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	ca := testkit.NewAuthority(t)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca.PEM)
	cert := func(name string) []tls.Certificate {
		c, err := tls.X509KeyPair(ca.Issue(t, testkit.Leaf{Name: name}))
		if err != nil {
			t.Fatal(err)
		}
		return []tls.Certificate{c}
	}
	return &tls.Config{Certificates: cert("server.test"), ClientCAs: pool},
		&tls.Config{Certificates: cert("client.test"), RootCAs: pool, ServerName: "server.test"}
}

// sockets returns a connected non-blocking socket, and its other end.
func sockets(t *testing.T) (fd int, far net.Conn) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[0]) })
	far = testkit.ConnOf(t, fds[1])
	t.Cleanup(func() { far.Close() })
	return fds[0], far
}

// echo has a loop send back what comes on a socket, until it ends, and returns what ended it.
func echo(t *testing.T, fd int, seal *loop.Seal) <-chan error {
	t.Helper()
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	h := &echoer{ended: make(chan error, 1), l: l}
	twin, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.s.OpenSealed(l, twin, seal, loop.Readable, h); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = l.Run(); close(done) }()
	t.Cleanup(func() { l.Post(loop.TaskFunc(l.Stop)); testkit.Await(t, "the loop's end", done) })
	return h.ended
}

type echoer struct {
	s     loop.Stream
	l     *loop.Loop
	ended chan error
}

func (h *echoer) OnReady(loop.Events) {
	data, err := h.s.Read(0)
	if err == nil && len(data) > 0 {
		h.s.Write(data)
		h.s.Keep(nil)
	}
	if err == nil {
		err = h.s.Flush()
	}
	if err != nil {
		h.s.Close()
		h.ended <- err
	}
}

// A loop goes on where the handshake has ended, though data follows it at once. So it is with each version and suite,
// at both ends, with and without a certificate of the client.
func TestLoopGoesOn(t *testing.T) {
	for _, c := range suites {
		for _, asServer := range []bool{true, false} {
			for _, mutual := range []bool{true, false} {
				name := fmt.Sprint(tls.VersionName(c.version), c.suites, asServer, mutual)
				t.Run(name, func(t *testing.T) { goesOn(t, c.version, c.suites, asServer, mutual) })
			}
		}
	}
}

func goesOn(t *testing.T, version uint16, suites []uint16, asServer, mutual bool) {
	server, client := authority(t)
	if mutual {
		server.ClientAuth = tls.RequireAndVerifyClientCert
	}
	client.MaxVersion, client.CipherSuites, server.MaxVersion = version, suites, version
	fd, conn := sockets(t)
	near, far := server, tls.Client(conn, client)
	if !asServer {
		near, far = client, tls.Server(conn, server)
	}
	text := bytes.Repeat([]byte("all that is said comes back "), 5000)
	heard := make(chan error, 1)
	go func() {
		_, err := far.Write(text) // begins with the handshake
		heard <- err
	}()
	do := Server
	if !asServer {
		do = func(ctx context.Context, fd int, cfg *tls.Config) (*loop.Seal, tls.ConnectionState, error) {
			return Client(ctx, fd, cfg, cfg.ServerName, "server")
		}
	}
	seal, state, err := do(t.Context(), fd, near)
	if err != nil || state.Version != version {
		t.Fatalf("%v, %s", err, tls.VersionName(state.Version))
	}
	ended := echo(t, fd, seal)
	got := make([]byte, len(text))
	if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, text) {
		t.Fatalf("what came back differs: %v", err)
	}
	if err := testkit.Await(t, "the text", heard); err != nil {
		t.Fatal(err)
	}
	if err := far.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := testkit.Await(t, "the end", ended); !loop.IsEOF(err) {
		t.Fatal(err)
	}
	if n, err := far.Read(got); n > 0 || !errors.Is(err, io.EOF) {
		t.Fatalf("not told of the end: %v", err)
	}
}

// A client resumes its session; so the second handshake has no certificates.
func TestResumption(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server, client := authority(t)
		client.MaxVersion, client.ClientSessionCache = version, tls.NewLRUClientSessionCache(1)
		for i := range 2 {
			fd, conn := sockets(t)
			far := tls.Client(conn, client)
			heard := make(chan error, 1)
			go func() { heard <- far.Handshake() }()
			seal, state, err := Server(t.Context(), fd, server)
			if err != nil || state.DidResume != (i == 1) {
				t.Fatalf("%s, connection %d: %v, resumed: %t", tls.VersionName(version), i, err, state.DidResume)
			}
			if err := testkit.Await(t, "handshake", heard); err != nil {
				t.Fatal(err)
			}
			echo(t, fd, seal)
			if _, err := far.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(far, make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// What is not as it has to be is refused with the reason; and whoever does not go on is waited for no longer.
func TestRefused(t *testing.T) {
	server, client := authority(t)
	_, strange := authority(t)
	with := func(change func(*tls.Config)) *tls.Config {
		c := client.Clone()
		change(c)
		return c
	}
	server.ClientAuth = tls.RequireAndVerifyClientCert
	const ours = "it does not accept the certificate of --tls-cert"
	for _, c := range []struct {
		name   string
		client *tls.Config
		server string // a part of the reason
	}{
		{"no certificate", with(func(c *tls.Config) { c.Certificates = nil }), "the client has shown no certificate"},
		{"another's", with(func(c *tls.Config) { c.Certificates = strange.Certificates }), "is not known here"},
		{"wrong name", with(func(c *tls.Config) { c.ServerName = "other.test" }), ours},
		{"unknown server", with(func(c *tls.Config) { c.RootCAs = strange.RootCAs }), ours},
	} {
		fd, conn := sockets(t)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = tls.Client(conn, c.client).Handshake()
			_, _ = io.Copy(io.Discard, conn) // why it is refused; then the server need not wait for its end
			conn.Close()
		}()
		_, _, err := Server(t.Context(), fd, server)
		if err == nil || !strings.Contains(err.Error(), c.server) {
			t.Errorf("%s: %v", c.name, err)
		}
		testkit.Await(t, "the client", done)
	}
	fd, _ := sockets(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, _, err := Server(ctx, fd, server); !errors.Is(err, ErrLate) {
		t.Errorf("a silent client: %v", err)
	}
}
