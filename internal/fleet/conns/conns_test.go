package conns

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// start starts a memcached on a port of the kernel's choice, and returns it with its address.
func start(t *testing.T, args ...string) (server *testkit.Process, address string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ports")
	server = testkit.StartWith(t, "memcached", []string{"MEMCACHED_PORT_FILENAME=" + file},
		append([]string{"memcached", "-u", "root", "-p", "-1", "-U", "0", "-l", "127.0.0.1"}, args...)...)
	testkit.Until(t, "memcached is there", func() bool {
		text, err := os.ReadFile(file)
		_, port, found := strings.Cut(string(text), "TCP INET: ")
		port, _, whole := strings.Cut(port, "\n")
		address = "127.0.0.1:" + port
		return err == nil && found && whole
	})
	return server, address
}

func dialer(network, address string) Dialer {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
}

func list(t *testing.T, address string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	found, err := List(ctx, dialer("tcp", address))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// connect connects, and has an answer: the server lists the connection by then.
func connect(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	if _, err = io.WriteString(conn, "version\r\n"); err == nil {
		_, err = conn.Read(make([]byte, 100))
	}
	if err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

// Who is connected is listed, and is not once the connection has ended.
func TestList(t *testing.T) {
	t.Parallel()
	_, address := start(t)
	a, b := connect(t, address), connect(t, address)
	got := list(t, address)
	if !slices.Contains(got, Own(a)) || !slices.Contains(got, Own(b)) {
		t.Errorf("%s and %s are not in %v", Own(a), Own(b), got)
	}
	a.Close()
	testkit.Until(t, "the connection is not listed", func() bool { return !slices.Contains(list(t, address), Own(a)) })
	if got := list(t, address); !slices.Contains(got, Own(b)) {
		t.Errorf("%s is not in %v", Own(b), got)
	}
}

// A server that was stopped executes what lies in the sockets of the dead when it goes on. Until then they are listed.
func TestListedUntilExecuted(t *testing.T) {
	t.Parallel()
	for range 20 {
		server, address := start(t)
		dead := connect(t, address)
		server.Pause()
		if _, err := io.WriteString(dead, "set k 0 0 1 noreply\r\nx\r\n"); err != nil {
			t.Fatal(err)
		}
		_ = dead.SetLinger(0)
		dead.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := List(ctx, dialer("tcp", address)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a stopped server: %v", err)
		}
		cancel()
		server.Resume()
		testkit.Until(t, "the dead connection is not listed", func() bool {
			return !slices.Contains(list(t, address), Own(dead))
		})
		// Nothing comes of it from here on, so what is written now stays.
		if got := ask(t, address, "set k 0 0 1\r\ny\r\n"); got != "STORED\r\n" {
			t.Fatalf("%q", got)
		}
		for range 10 {
			if got := ask(t, address, "get k\r\n"); !strings.Contains(got, "\r\ny\r\n") {
				t.Fatalf("overwritten: %q", got)
			}
		}
	}
}

// Whichever notices first that the time is up, ctx or the socket, the error is the same.
func TestNotConnectedInTime(t *testing.T) {
	t.Parallel()
	late := func(context.Context) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	}
	if _, err := List(t.Context(), late); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the socket notices: %v", err)
	}
	_, address := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if _, err := List(ctx, dialer("tcp", address)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ctx notices: %v", err)
	}
}

// ask sends requests on a connection of their own, and returns the answers.
func ask(t *testing.T, address, requests string) string {
	t.Helper()
	conn := connect(t, address)
	defer conn.Close()
	if _, err := io.WriteString(conn, requests+"quit\r\n"); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Where the server, or something between, hides who is connected, that is said.
func TestHidden(t *testing.T) {
	t.Parallel()
	_, address := start(t)
	relay := testkit.Listen(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := relay.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		server, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		defer server.Close()
		line := make([]byte, 100)
		n, _ := conn.Read(line)
		_, _ = server.Write(append(line[:n], "quit\r\n"...))
		_, _ = io.Copy(conn, server)
	}()
	if found, err := List(t.Context(), dialer("tcp", relay.Addr().String())); !errors.Is(err, ErrHidden) {
		t.Errorf("through a relay: %v, %v", found, err)
	}
	relay.Close()
	<-done
	socket := testkit.SocketPath(t)
	testkit.Start(t, "memcached", "memcached", "-u", "root", "-s", socket)
	testkit.Until(t, "the socket is there", func() bool {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	if found, err := List(t.Context(), dialer("unix", socket)); !errors.Is(err, ErrHidden) {
		t.Errorf("through a unix socket: %v, %v", found, err)
	}
}

// The forms in which servers write addresses, and answers that are none.
func TestRead(t *testing.T) {
	const own = "127.0.0.1:1"
	for _, c := range []struct{ text, want, err string }{
		{"STAT 1:addr tcp:127.0.0.1:1\r\nSTAT 2:addr tcp:10.0.0.1:2\r\nSTAT 2:state x\r\nEND\r\n", "10.0.0.1:2", ""},
		{"STAT 1:addr tcp6:[::ffff:127.0.0.1]:1\r\nSTAT 2:addr tcp6:[fe80::1%lo]:2\r\nEND\r\n", "[fe80::1]:2", ""},
		{"STAT 1:addr tcp:127.0.0.1:1\r\nSTAT 2:addr unix:/x\r\nSTAT 3:listen_addr tcp:1.1.1.1:1\r\nEND\r\n", "", ""},
		{"STAT 1:addr tcp:10.0.0.1:1\r\nEND\r\n", "", ErrHidden.Error()},
		{"END\r\n", "", ErrHidden.Error()},
		{"ERROR\r\n", "", ErrHidden.Error()},
		{"STAT 1:addr tcp:127.0.0.1:1\r\n", "", "unexpected EOF"},
		{"SERVER_ERROR out of memory\r\n", "", `has a line "SERVER_ERROR out of memory"`},
	} {
		got, err := read(strings.NewReader(c.text), own)
		if strings.Join(got, " ") != c.want || (err == nil) != (c.err == "") ||
			err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q: %v, %v", c.text, got, err)
		}
	}
}
