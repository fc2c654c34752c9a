package control

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/admin"
	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// serve answers commands at a socket until the end of the test.
func serve(t *testing.T, e Engine, tasks chan<- Task) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s, err := admin.Listen(admin.Options{Listener: ln, Commands: Handler(e, tasks)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return socket
}

// A witness refuses commands at once.
func TestWitnessRefuses(t *testing.T) {
	socket := serve(t, Engine{}, nil)
	ctx := t.Context()
	for name, ask := range map[string]func() error{
		"reload":  func() error { return Reload(ctx, socket) },
		"drain":   func() error { _, err := Drain(ctx, socket, Order{Server: "a"}); return err },
		"settled": func() error { _, err := Settled(ctx, socket, []string{"a"}, []string{"b"}); return err },
	} {
		var refused *RefusedError
		if err := ask(); !errors.As(err, &refused) || !strings.Contains(refused.Reason, "a witness has no servers") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The servers, and the answer, arrive as they are.
func TestSettled(t *testing.T) {
	tasks := make(chan Task)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for {
			select {
			case task := <-tasks:
				task(nil)
			case <-ctx.Done():
				return
			}
		}
	}()
	socket := serve(t, Engine{Settled: func(primaries, backups []string) (string, error) {
		switch strings.Join(append(primaries, backups...), " ") {
		case "[::1]:1 /p&q b":
			return "a pool", nil
		case "out b":
			return "a pool", errors.New("out is ejected")
		}
		return "", nil
	}}, tasks)
	for _, c := range []struct {
		primaries []string
		want, why string
	}{
		{[]string{"[::1]:1", "/p&q"}, "a pool", ""},
		{[]string{"else"}, "", ""},
		{[]string{"out"}, "", "out is ejected"},
	} {
		got, err := Settled(ctx, socket, c.primaries, []string{"b"})
		why := ""
		if err != nil {
			why = err.Error()
		}
		if got != c.want || why != c.why {
			t.Errorf("%v: %q, %v", c.primaries, got, err)
		}
	}
}

// Who asks learns that something else listens there, and is told of several sockets.
func TestAskOthers(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s, err := admin.Listen(admin.Options{Listener: ln, Commands: http.NotFoundHandler()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	_, err = Settled(t.Context(), socket, []string{"a"}, []string{"b"})
	if err == nil || errors.As(err, new(*RefusedError)) || !strings.Contains(err.Error(), "upgrade that magent") {
		t.Errorf("it has no such command: %v", err)
	}
	for _, c := range []struct {
		found     []string
		want, why string
	}{
		{nil, "", ""},
		{[]string{"/a"}, "/a", ""},
		{[]string{"/a", "/b"}, "", "which magent? name one with --admin-socket: /a, /b"},
	} {
		got, err := only(c.found)
		if got != c.want || (err != nil) != (c.why != "") || err != nil && err.Error() != c.why {
			t.Errorf("%q: %q, %v", c.found, got, err)
		}
	}
}
