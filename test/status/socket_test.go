package status

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// watcherOf returns a client for pages on a unix socket.
func watcherOf(path string) *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		},
	}}
}

func ask(c *http.Client, page string) (status int, text string, err error) {
	r, err := c.Get("http://localhost" + page)
	if err != nil {
		return 0, "", err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	return r.StatusCode, string(body), err
}

// Probes and pages on the unix socket work although the port is flooded with 120 connections every half second. The
// file of the socket can be opened only by its user and group, and is removed when the process ends.
func TestFloodBesideTheSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.sock")
	m := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr, "--admin", "127.0.0.1:0,"+path)
	port, _, _ := strings.Cut(adminOf(t, m.Process, "admin"), ",")
	if info, err := os.Stat(path); err != nil || info.Mode().Type() != os.ModeSocket || info.Mode().Perm() != 0o660 {
		t.Errorf("the file: %v, %v", info, err)
	}

	done, flooded := make(chan struct{}), make(chan struct{})
	var open []net.Conn
	flood := func() {
		for range 120 {
			if c, err := net.Dial("tcp", port); err == nil {
				fmt.Fprint(c, "GET /stats.json HTTP/1.1\r\n") // and no more
				open = append(open, c)
			}
		}
	}
	flood()
	go func() {
		defer close(flooded)
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				flood()
			case <-done:
				return
			}
		}
	}()
	defer func() {
		close(done)
		<-flooded
		for _, c := range open {
			c.Close()
		}
	}()
	testkit.Eventually(t, "the port has no place left", func() error {
		if status, text, _, err := get("http://" + port + "/stats.json"); err == nil {
			return fmt.Errorf("it answers %d %.20s", status, text)
		}
		return nil
	})
	client := watcherOf(path)
	for range 20 {
		for _, page := range []string{"/livez", "/readyz", "/stats.json", "/metrics"} {
			if status, text, err := ask(client, page); err != nil || status != 200 || text == "" {
				t.Fatalf("%s by the socket: %d, %.100q, %v", page, status, text, err)
			}
		}
	}
	if code, stdout, stderr := harness.Run(t, harness.Binary(t), "top", "--admin", path); code != 0 ||
		!strings.Contains(stdout, "All is well.") {
		t.Errorf("magent top: %d, %q%q", code, stdout, stderr)
	}
	m.Terminate()
	if code := m.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the file is still there")
	}
}

// If a killed process has left the file of a socket, it is replaced. It is not replaced if a process listens there, or
// if it is not a socket.
func TestSocketLeftBehind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.sock")
	server := harness.StartMemcached(t)
	first := harness.StartMagent(t, "-s", server.Addr, "--admin", path)
	refused := func(want string) {
		t.Helper()
		p := testkit.Start(t, "second", harness.Binary(t), "-l", "127.0.0.1:0", "-s", server.Addr, "--admin", path)
		if code := p.ExitCode(); code == 0 || !strings.Contains(p.Log(), want) {
			t.Errorf("exit code %d, want %s\n%s", code, want, p.Log())
		}
	}
	refused("--admin: cannot listen on " + path + ": bind: address already in use: choose another address")
	if status, _, err := ask(watcherOf(path), "/livez"); err != nil || status != 200 {
		t.Errorf("the first one after that: %d, %v", status, err)
	}
	first.Kill()
	second := harness.StartMagent(t, "-s", server.Addr, "--admin", path)
	if status, _, err := ask(watcherOf(path), "/livez"); err != nil || status != 200 {
		t.Errorf("the second one: %d, %v", status, err)
	}
	second.Terminate()
	second.ExitCode()
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("is there already and no socket")
	if text, err := os.ReadFile(path); err != nil || string(text) != "mine" {
		t.Errorf("the file: %q, %v", text, err)
	}
}
