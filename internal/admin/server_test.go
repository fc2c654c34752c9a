package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const json = `{"a":1}` + "\n"

// start runs a Server with pages that wait until release is closed or the Server ends. However late a request comes,
// it does not count as silence.
func start(t *testing.T) (s *Server, release chan struct{}) {
	t.Helper()
	return startSoon(t, testkit.Patience)
}

// startSoon is start with a page for silence, which a connection gets after so long.
func startSoon(t *testing.T, silence time.Duration) (s *Server, release chan struct{}) {
	t.Helper()
	release = make(chan struct{})
	pages := http.NewServeMux()
	pages.HandleFunc("/text", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "words\n") })
	pages.HandleFunc("/wait", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	pages.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "begun\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	s, err := Listen(Options{
		Addr: "127.0.0.1:0", Handler: pages,
		Silent: func(context.Context) ([]byte, error) { return []byte(json), nil }, silence: silence,
	})
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
	_ = c.SetDeadline(time.Now().Add(testkit.Patience))
	return c
}

// all sends say, and returns everything that arrives until the end of the connection.
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

// A connection that does not speak HTTP gets the page for silence, whether it sends nothing, half a word or a word.
func TestSilence(t *testing.T) {
	s, _ := startSoon(t, silence)
	for _, say := range []string{"", "\n", "GE", "stats\r\n", "get "} {
		if got := all(t, s, say); got != json {
			t.Errorf("%q: %q", say, got)
		}
	}
	c := dial(t, s)
	_ = c.(*net.TCPConn).CloseWrite()
	if text, err := io.ReadAll(c); string(text) != json {
		t.Errorf("half-closed: %q, %v", text, err)
	}
}

// Without a page for silence, a silent connection gets nothing, and one that does not speak HTTP gets an error.
func TestSilenceWithoutAPage(t *testing.T) {
	s, err := Listen(Options{Addr: "127.0.0.1:0", Handler: http.NotFoundHandler()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := all(t, s, "stats\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
		t.Errorf("got %q", got)
	}
}

// If the page for silence cannot be made, the connection is closed.
func TestSilenceFails(t *testing.T) {
	s, err := Listen(Options{
		Addr: "127.0.0.1:0", Handler: http.NotFoundHandler(),
		Silent: func(context.Context) ([]byte, error) {
			return []byte("half"), errors.New("the loops do not answer")
		},
	})
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
	client := &http.Client{Timeout: testkit.Patience}
	defer client.CloseIdleConnections()
	for _, c := range []struct {
		method, path, body string
		status             int
		text               string
	}{
		{"GET", "/text", "", 200, "words\n"},
		{"GET", "/text?x=1", "a body that nobody wants", 200, "words\n"},
		{"HEAD", "/text", "", 200, ""},
		{"GET", "/none", "", 404, "404 page not found\n"},
		{"POST", "/text", "x", 405, "pages can only be read: GET\n"},
		{"DELETE", "/text", "", 405, "pages can only be read: GET\n"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+s.Addr()+c.path,
			strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != c.status || string(text) != c.text || !r.Close {
			t.Errorf("%s %s: %d, %q, closes %v, %v", c.method, c.path, r.StatusCode, text, r.Close, err)
		}
	}
	if got := all(t, s, "GET nonsense\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
		t.Errorf("nonsense: %q", got)
	}
	if got := all(t, s, "GET /text HTTP/1.0\r\n\r\n"); !strings.HasSuffix(got, "\r\n\r\nwords\n") {
		t.Errorf("HTTP/1.0: %q", got)
	}
	long := dial(t, s)
	fmt.Fprint(long, "GET /text HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 2*maxHeader)+"\r\n\r\n")
	if got, _ := io.ReadAll(long); !strings.HasPrefix(string(got), "HTTP/1.1 431 ") {
		t.Errorf("a long header: %q", got)
	}
}

// A request that announces a body and does not send it ends after its time. Close does not wait longer.
func TestBodyThatDoesNotCome(t *testing.T) {
	s, _ := start(t)
	request := "GET /text HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
	if got := all(t, s, request); !strings.HasSuffix(got, "words\n") {
		t.Errorf("got %q", got)
	}
	testkit.Until(t, "the connection is gone", func() bool { return s.count() == 0 })
}

// An answer may take longer than answerTime, and its client may leave before the end.
func TestStream(t *testing.T) {
	s, _ := start(t)
	c := dial(t, s)
	fmt.Fprint(c, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
	text := ""
	for !strings.Contains(text, "begun") {
		b := make([]byte, 1000)
		n, err := c.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		text += string(b[:n])
	}
	c.Close()
	testkit.Until(t, "the connection is gone", func() bool { return s.count() == 0 })
}

// takeAll takes all places.
func takeAll(t *testing.T, s *Server) {
	t.Helper()
	for range maxConns {
		fmt.Fprint(dial(t, s), "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	testkit.Until(t, "all places are taken", func() bool { return s.count() == maxConns })
}

// heldUp is a connection whose process is held up before its first Read, until the deadline is over.
type heldUp struct {
	net.Conn
	deadline time.Time
	once     sync.Once
}

func (h *heldUp) SetReadDeadline(at time.Time) error {
	h.deadline = at
	return h.Conn.SetReadDeadline(at)
}

func (h *heldUp) Read(b []byte) (int, error) {
	h.once.Do(func() { <-time.After(time.Until(h.deadline) + time.Millisecond) })
	return h.Conn.Read(b)
}

// A request that has arrived in time is one, although the process comes to read it too late.
func TestReadTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer client.Close()
		defer server.Close()
		go func() { _, _ = io.WriteString(client, "GET /text HTTP/1.1\r\n") }()
		c := &conn{Conn: &heldUp{Conn: server}, l: &listener{silence: silence}}
		if !c.isHTTP() {
			t.Errorf("it is taken for one that sends nothing: %q", c.begun)
		}
	})
}

// Connections beyond the limit are closed. When one ends, there is room for another.
func TestTooMany(t *testing.T) {
	s, release := start(t)
	takeAll(t, s)
	for _, say := range []string{"stats\r\n", "GET /text HTTP/1.1\r\nHost: x\r\n\r\n"} {
		if got := all(t, s, say); got != "" {
			t.Errorf("one more got %q", got)
		}
	}
	close(release)
	testkit.Until(t, "there is room again", func() bool {
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

func (s *Server) count() int { return int(s.ln.conns.Load()) }

// Close waits neither for requests, nor for connections that have sent nothing, or half a request.
func TestClose(t *testing.T) {
	s, _ := start(t)
	began := time.Now()
	asking, silent, half, stream := dial(t, s), dial(t, s), dial(t, s), dial(t, s)
	fmt.Fprint(asking, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
	fmt.Fprint(half, "GET / HTTP/1.1\r\nHost:")
	fmt.Fprint(stream, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
	testkit.Until(t, "all are there", func() bool { return s.ln.open.Load() == 4 })
	s.Close()
	if d := time.Since(began); d > answerTime {
		t.Errorf("it took %v", d)
	}
	for _, c := range []net.Conn{asking, silent, half, stream} {
		_, _ = io.ReadAll(c) // must end
	}
	if _, err := net.Dial("tcp", s.Addr()); err == nil {
		t.Error("it still listens")
	}
}

// Close does not wait for a page for silence that is being made, either.
func TestCloseDuringSilence(t *testing.T) {
	asked, ended := make(chan struct{}), make(chan error, 1)
	s, err := Listen(Options{
		Addr: "127.0.0.1:0", Handler: http.NotFoundHandler(),
		Silent: func(ctx context.Context) ([]byte, error) {
			close(asked)
			<-ctx.Done()
			ended <- ctx.Err()
			return nil, context.Cause(ctx)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, s)
	fmt.Fprint(c, "stats\r\n")
	<-asked
	s.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the page ended with %v", err)
	}
}

func TestAddressInUse(t *testing.T) {
	s, _ := start(t)
	_, err := Listen(Options{Addr: s.Addr()})
	if want := "cannot listen on " + s.Addr() + ": bind: address already in use"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Probes are answered however many other connections there are, whether they ask for pages or send nothing.
func TestProbesInAFlood(t *testing.T) {
	s, _ := start(t)
	takeAll(t, s)
	for n := range 200 {
		dial(t, s) // sends nothing
		c := dial(t, s)
		path := []string{"/livez", "/readyz?verbose"}[n%2]
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
		// Any answer will do.
		if text, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 404") {
			t.Fatalf("probe %d: %q, %v", n, text, err)
		}
	}
	c := dial(t, s)
	fmt.Fprint(c, "GET /text HTTP/1.1\r\nHost: x\r\n\r\n")
	if text, _ := io.ReadAll(c); len(text) > 0 {
		t.Errorf("a page got %q without a place", text)
	}
}
