package handshake

import (
	"crypto/tls"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/loop"
	"magent/internal/testkit"
)

// clientOf returns a client's configuration that trusts the authority of a server's.
func clientOf(t *testing.T, client *tls.Config) *tls.Config {
	t.Helper()
	c, err := ClientConfig(Files{})
	if err != nil {
		t.Fatal(err)
	}
	c.RootCAs = client.RootCAs
	return c
}

// met is what a server has seen of a client, which has said one byte.
type met struct {
	resumed bool
	err     error
}

// meet makes a handshake on a loop with a server, and has it answer something.
func meet(t *testing.T, client, server *tls.Config, name string) (met, error) {
	t.Helper()
	fd, conn := sockets(t)
	far := tls.Server(conn, server)
	seen := make(chan met, 1)
	go func() {
		err := far.Handshake()
		if err == nil {
			_, err = far.Write([]byte("hello")) // behind the tickets
		}
		seen <- met{far.ConnectionState().DidResume, err}
		conn.Close()
	}()
	seal, _, err := Client(t.Context(), fd, client, name, "one")
	if err == nil {
		hear(t, fd, seal)
	} else {
		conn.Close()
	}
	return testkit.Await(t, "the server", seen), err
}

// hear has a loop read from a server until it closes.
func hear(t *testing.T, fd int, seal *loop.Seal) {
	t.Helper()
	if err := testkit.Await(t, "the end", echo(t, fd, seal)); err != nil && !loop.IsEOF(err) && !isGone(err) {
		t.Fatal(err)
	}
}

// isGone reports that the server does not read what is sent back.
func isGone(err error) bool {
	return strings.Contains(err.Error(), "broken pipe") || strings.Contains(err.Error(), "reset")
}

// The session of a server is resumed, in both versions: by loops, by connections beside them, and from one to the
// other.
func TestClientResumes(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server, trusting := authority(t)
		server.MaxVersion = version
		client := clientOf(t, trusting)
		end := &End{}
		end.config.Store(client)
		for i := range 6 {
			var got met
			var err error
			if i < 3 {
				got, err = meet(t, client, server, "server.test")
			} else {
				got, err = meetBeside(t, end, server)
			}
			if err != nil || got.err != nil || got.resumed != (i > 0) {
				t.Fatalf("%s, connection %d: %+v, %v", tls.VersionName(version), i, got, err)
			}
		}
		if got, err := meet(t, client, server, "server.test"); err != nil || got.err != nil || !got.resumed {
			t.Fatalf("%s, at the end: %+v, %v", tls.VersionName(version), got, err)
		}
	}
}

func meetBeside(t *testing.T, end *End, server *tls.Config) (met, error) {
	t.Helper()
	ln := testkit.Listen(t)
	near := testkit.Dial(t, "tcp", ln.Addr().String())
	seen := make(chan met, 1)
	go func() {
		far, err := ln.Accept()
		if err != nil {
			seen <- met{err: err}
			return
		}
		s := tls.Server(far, server)
		_, err = s.Write([]byte("x"))
		seen <- met{s.ConnectionState().DidResume, err}
		far.Close()
	}()
	conn, err := end.Over(t.Context(), near, "server.test", "one")
	if err != nil {
		return testkit.Await(t, "the server", seen), err
	}
	defer conn.Close()
	_, err = io.ReadFull(conn, make([]byte, 1))
	return testkit.Await(t, "the server", seen), err
}

// A server that ends handshakes which resume a session is met without one, and soon not asked for that any more.
func TestServerCannotResume(t *testing.T) {
	server, trusting := authority(t)
	client := clientOf(t, trusting)
	refuse := server.Clone()
	refuse.UnwrapSession = func([]byte, tls.ConnectionState) (*tls.SessionState, error) {
		return nil, errors.New("tickets are of no use")
	}
	failed := 0
	for range 10 {
		_, err := meet(t, client, refuse, "server.test")
		var again *ResumeError
		switch {
		case errors.As(err, &again):
			failed++
		case err != nil:
			t.Fatal(err)
		}
	}
	if failed != maxFailed {
		t.Errorf("%d handshakes have failed, want %d", failed, maxFailed)
	}
}

// Whoever is not who he has to be is refused, with a reason that can be understood.
func TestClientRefuses(t *testing.T) {
	server, trusting := authority(t)
	stranger, _ := authority(t)
	client := clientOf(t, trusting)
	for _, c := range []struct {
		name   string
		server *tls.Config
		reason string
	}{
		{"server.test", stranger, "of an authority that is not known here"},
		{"other.test", server, "is not for other.test, but for server.test"},
		{"server.test", &tls.Config{Certificates: server.Certificates, MaxVersion: tls.VersionTLS11}, "version"},
	} {
		if _, err := meet(t, client, c.server, c.name); err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v, want %s", c.name, err, c.reason)
		}
	}
	for what, say := range map[string]string{"does not speak TLS": "ERROR\r\n", "may not speak TLS": ""} {
		fd, conn := sockets(t)
		done := make(chan struct{})
		go func() {
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, say)
			conn.Close()
			close(done)
		}()
		if _, _, err := Client(t.Context(), fd, client, "server.test", "one"); err == nil ||
			!strings.Contains(err.Error(), what) {
			t.Errorf("%q: %v, want %s", say, err, what)
		}
		testkit.Await(t, "the server", done)
	}
}

// The files of a client are read, and an error names the file.
func TestClientFiles(t *testing.T) {
	ca := testkit.NewAuthority(t)
	cert, key := ca.IssueFiles(t, testkit.Leaf{Name: "client.test"})
	c, err := ClientConfig(Files{Cert: cert, Key: key, CA: ca.File})
	if err != nil || len(c.Certificates) != 1 || c.RootCAs == nil || c.MinVersion != tls.VersionTLS12 {
		t.Errorf("%+v, %v", c, err)
	}
	bad := filepath.Join(t.TempDir(), "nonsense")
	if err := os.WriteFile(bad, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, f := range []Files{{CA: bad}, {Cert: bad, Key: key}, {Cert: cert, Key: bad}, {CA: bad + "x"}} {
		if _, err := ClientConfig(f); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%+v: %v", f, err)
		}
	}
}
