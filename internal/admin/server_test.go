package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 10 * time.Second

func page(kind, text string) Page {
	return Page{kind, func(context.Context) ([]byte, error) { return []byte(text), nil }}
}

// start runs a Server with a page for silence, one that fails, and one that takes until release is closed.
func start(t *testing.T) (s *Server, release chan struct{}) {
	t.Helper()
	release = make(chan struct{})
	s, err := Listen(Options{Addr: "127.0.0.1:0", Silent: "/", Pages: map[string]Page{
		"/":     page("application/json", `{"a":1}`+"\n"),
		"/text": page("text/plain", "words\n"),
		"/fail": {"text/plain", func(context.Context) ([]byte, error) { return nil, errors.New("the loops do not answer") }},
		"/wait": {"text/plain", func(ctx context.Context) ([]byte, error) {
			select {
			case <-release:
				return nil, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, release
}

func dial(t *testing.T, s *Server) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

// all is what comes until the end, if say is sent.
func all(t *testing.T, s *Server, say string) string {
	t.Helper()
	c := dial(t, s)
	if _, err := io.WriteString(c, say); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("%q: %q, %v", say, text, err)
	}
	return string(text)
}

// Whoever speaks no HTTP gets the bare page: silence, half a word, a word.
func TestSilence(t *testing.T) {
	s, _ := start(t)
	for _, say := range []string{"", "\n", "GE", "stats\r\n", "get "} {
		if got := all(t, s, say); got != `{"a":1}`+"\n" {
			t.Errorf("%q: %q", say, got)
		}
	}
	c := dial(t, s)
	_ = c.(*net.TCPConn).CloseWrite()
	if text, err := io.ReadAll(c); string(text) != `{"a":1}`+"\n" {
		t.Errorf("half-closed: %q, %v", text, err)
	}
}

func TestSilenceWithoutAPage(t *testing.T) {
	s, err := Listen(Options{Addr: "127.0.0.1:0", Pages: map[string]Page{"/": page("text/plain", "x")}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := all(t, s, "\n"); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestHTTP(t *testing.T) {
	s, _ := start(t)
	client := &http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	for _, c := range []struct {
		method, path string
		status       int
		kind, text   string
	}{
		{"GET", "/", 200, "application/json", `{"a":1}` + "\n"},
		{"GET", "/?x=1", 200, "application/json", `{"a":1}` + "\n"},
		{"HEAD", "/", 200, "application/json", ""},
		{"GET", "/text", 200, "text/plain", "words\n"},
		{"GET", "/fail", 503, "text/plain", "the loops do not answer\n"},
		{"GET", "/none", 404, "text/plain", "there is no such page\n"},
		{"POST", "/", 405, "text/plain", "pages can only be read: GET\n"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+s.Addr()+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != c.status || r.Header.Get("Content-Type") != c.kind || string(text) != c.text {
			t.Errorf("%s %s: %d, %q, %q, %v", c.method, c.path, r.StatusCode, r.Header.Get("Content-Type"), text, err)
		}
	}
	if got := all(t, s, "GET nonsense\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
		t.Errorf("nonsense: %q", got)
	}
	if got := all(t, s, "GET / HTTP/1.0\r\n\r\n"); !strings.HasSuffix(got, "\r\n\r\n"+`{"a":1}`+"\n") {
		t.Errorf("HTTP/1.0: %q", got)
	}
}

// More watchers than there is room for are closed; when one goes, there is room again.
func TestTooMany(t *testing.T) {
	s, release := start(t)
	for range maxConns {
		c := dial(t, s)
		fmt.Fprint(c, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	until(t, "all places are taken", func() bool { return s.count() == maxConns })
	if text, _ := io.ReadAll(dial(t, s)); len(text) > 0 {
		t.Errorf("one more got %q", text)
	}
	close(release)
	until(t, "there is room again", func() bool {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			return false
		}
		defer c.Close()
		fmt.Fprint(c, "GET /text HTTP/1.1\r\nHost: x\r\n\r\n")
		text, _ := io.ReadAll(c)
		return strings.HasSuffix(string(text), "words\n")
	})
}

func (s *Server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

func until(t *testing.T, what string, ready func() bool) {
	t.Helper()
	tick, end := time.NewTicker(2*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for !ready() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not in time: %s", what)
		}
	}
}

// Close waits neither for whoever is asking, nor for whoever says nothing, or half of it.
func TestClose(t *testing.T) {
	s, _ := start(t)
	asking, silent, half := dial(t, s), dial(t, s), dial(t, s)
	fmt.Fprint(asking, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
	fmt.Fprint(half, "GET / HTTP/1.1\r\nHost:")
	until(t, "all are there", func() bool { return s.count() == 3 })
	began := time.Now()
	s.Close()
	if d := time.Since(began); d > answerTime/2 {
		t.Errorf("it took %v", d)
	}
	for _, c := range []net.Conn{asking, silent, half} {
		_, _ = io.ReadAll(c) // ends
	}
	if _, err := net.Dial("tcp", s.Addr()); err == nil {
		t.Error("it still listens")
	}
}

func TestAddressInUse(t *testing.T) {
	s, _ := start(t)
	_, err := Listen(Options{Addr: s.Addr()})
	if want := "cannot listen on " + s.Addr() + ": bind: address already in use"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
