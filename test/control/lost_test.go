package control

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// A socket whose file somebody has removed, or replaced, is bound anew by whatever has magent read its files again,
// with or without a file of pools. Clients that are connected stay so.
func TestLostSocketsAreBoundAnew(t *testing.T) {
	t.Parallel()
	server := harness.StartMemcached(t)
	for name, args := range map[string]func(socket string) []string{
		"flags": func(socket string) []string { return []string{"-s", server.Addr, "-f", socket} },
		"a file": func(socket string) []string {
			return []string{"-c", poolsFile(t, socket+" 0600", server.Addr)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			socket, watched := testkit.SocketPath(t), testkit.SocketPath(t)
			m := start(t, append(args(socket), "--admin", watched)...)
			sockets := []string{socket, watched, m.socket}
			client, page := harness.Dial(t, socket), openPage(t, watched)

			lose(t, socket, watched)
			m.wants(0, "magent: reloaded", "reload")
			for _, path := range sockets {
				wantsSocket(t, path)
			}
			harness.Dial(t, socket).Want("set a 0 0 1\r\n1\r\n", "STORED\r\n")
			client.Want("get a\r\n", "VALUE a 0 1\r\n1\r\nEND\r\n")

			lose(t, sockets...)
			for _, path := range sockets { // that of a process that has died
				ln := testkit.ListenOn(t, "unix", path)
				ln.(*net.UnixListener).SetUnlinkOnClose(false)
				ln.Close()
			}
			m.Signal(syscall.SIGHUP)
			for _, path := range sockets {
				testkit.Eventually(t, path, func() error {
					c, err := net.Dial("unix", path)
					if err == nil {
						c.Close()
					}
					return err
				})
				wantsSocket(t, path)
			}
			m.wants(0, "All is well.", "status")
			client.Want("get a\r\n", "VALUE a 0 1\r\n1\r\nEND\r\n")
			page.goesOn()

			lose(t, socket)
			testkit.ListenOn(t, "unix", socket)
			m.wants(1, socket+": bind: address already in use: another program listens there: stop it, or choose "+
				"another path", "reload")
			client.Want("get a\r\n", "VALUE a 0 1\r\n1\r\nEND\r\n")
			m.Terminate()
			if code := m.ExitCode(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			for i, path := range sockets {
				if _, err := os.Lstat(path); (err == nil) != (i == 0) {
					t.Errorf("after the end, %s: %v", path, err)
				}
			}
		})
	}
}

// A file that was only touched is still the socket's own.
func TestTouchedSocketIsNotLost(t *testing.T) {
	t.Parallel()
	socket := testkit.SocketPath(t)
	m := start(t, "-c", poolsFile(t, socket, harness.StartMemcached(t).Addr))
	if err := os.Chtimes(socket, time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	m.wants(0, "magent: reloaded", "reload")
	harness.Dial(t, socket).Want("version\r\n", "VERSION 1.6.18\r\n")
}

// page is an open status page.
type page struct {
	t *testing.T
	*bufio.Scanner
}

func openPage(t *testing.T, socket string) page {
	t.Helper()
	c := testkit.Dial(t, "unix", socket)
	if _, err := io.WriteString(c, "GET /events HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	p := page{t, bufio.NewScanner(c)}
	p.Buffer(nil, 1<<20)
	p.goesOn()
	return p
}

// goesOn waits for a report of this moment or later.
func (p page) goesOn() {
	p.t.Helper()
	var report struct{ Time time.Time }
	for now := time.Now(); report.Time.Before(now); {
		if !p.Scan() {
			p.t.Fatalf("the status page has ended: %v", p.Err())
		}
		if text, ok := strings.CutPrefix(p.Text(), "data: {"); ok {
			_ = json.Unmarshal([]byte("{"+text), &report) // the history has no time
		}
	}
}

func poolsFile(t *testing.T, listen, server string) (path string) {
	t.Helper()
	text := "alpha:\n  listen: " + listen + "\n  servers:\n   - " + server + ":1\n"
	path = filepath.Join(t.TempDir(), "pools.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func lose(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func wantsSocket(t *testing.T, path string) {
	t.Helper()
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSocket == 0 || info.Mode()&0o007 != 0 {
		t.Errorf("the file %s: %v, %v", path, info, err)
	}
}
