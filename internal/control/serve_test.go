package control

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// A command that is not done in time may still be: that is not said of one that this magent has not begun, or of one
// that ends.
func TestWhatIsNotDoneInTime(t *testing.T) {
	past, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	ended, end := context.WithCancel(t.Context())
	end()
	taken := make(chan Task, 1)
	for _, c := range []struct {
		ctx   context.Context
		tasks chan Task
		want  error
	}{
		{past, make(chan Task), errBusy},
		{ended, make(chan Task), errEnds},
	} {
		if err := (handler{tasks: c.tasks}).do(c.ctx, nil); !errors.Is(err, c.want) {
			t.Errorf("not begun: %v, want %v", err, c.want)
		}
	}
	for want, limit := range map[error]func() (context.Context, context.CancelFunc){
		errLong: func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), 50*time.Millisecond)
		},
		errEnds: func() (context.Context, context.CancelFunc) { return context.WithCancel(t.Context()) },
	} {
		ctx, cancel := limit()
		done := make(chan error, 1)
		go func() { done <- handler{tasks: taken}.do(ctx, nil) }()
		<-taken // and nobody carries it out
		if errors.Is(want, errEnds) {
			cancel()
		}
		if err := testkit.Await(t, "the answer", done); !errors.Is(err, want) {
			t.Errorf("not done: %v, want %v", err, want)
		}
		cancel()
	}
}
