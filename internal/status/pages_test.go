package status

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"magent/internal/admin"
	"magent/internal/testkit"
)

// serve answers on a real port.
func serve(t *testing.T, s *Sampler, o Options) (*admin.Server, string) {
	t.Helper()
	server, err := admin.Listen(admin.Options{Addr: "127.0.0.1:0", Handler: Pages(s, o)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server, "http://" + server.Addr()
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	client := &http.Client{Timeout: testkit.Patience, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Body.Close() })
	return r
}

func read(t *testing.T, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestStream: the stream begins with the history, and continues with reports.
func TestStream(t *testing.T) {
	_, url := serve(t, start(t, newFake()), Options{})
	in := bufio.NewScanner(get(t, url+"/events").Body)
	in.Buffer(nil, 1<<20)
	var lines []string
	for len(lines) < 9 && in.Scan() {
		line, _, _ := strings.Cut(in.Text(), "{")
		lines = append(lines, line)
	}
	if got := strings.Join(lines, "|"); !strings.HasPrefix(got,
		"event: history|data: ||event: report|data: ||event: report|data: |") {
		t.Errorf("%q, %v", got, in.Err())
	}
}

// TestStreamsAreBounded: the number of streams is limited; when one ends, there is room again. All of
// them end with the server.
func TestStreamsAreBounded(t *testing.T) {
	server, url := serve(t, start(t, newFake()), Options{})
	var open []*http.Response
	for range maxStreams {
		open = append(open, get(t, url+"/events"))
		if r := open[len(open)-1]; r.StatusCode != 200 || r.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%+v", r)
		}
	}
	if r := get(t, url+"/events"); r.StatusCode != 503 || r.Header.Get("Retry-After") == "" {
		t.Errorf("one more: %+v", r)
	}
	open[0].Body.Close()
	testkit.Until(t, "there is room again", func() bool { return get(t, url+"/events").StatusCode == 200 })
	server.Close()
	for _, r := range open[1:] {
		_, _ = io.Copy(io.Discard, r.Body) // returns
	}
}

// TestPageIsAlone: the page can run only its own script, and load nothing from elsewhere.
func TestPageIsAlone(t *testing.T) {
	_, url := serve(t, start(t, newFake()), Options{})
	for _, path := range []string{"/", "/status"} {
		r := get(t, url+path)
		text, policy := read(t, r), r.Header.Get("Content-Security-Policy")
		if r.StatusCode != 200 || !strings.Contains(text, "<script>") || strings.Contains(policy, "unsafe") ||
			!strings.HasPrefix(policy, "default-src 'none'; connect-src 'self'; img-src data:;") {
			t.Errorf("%s: %d, policy %s", path, r.StatusCode, policy)
		}
		// Hash of the empty text
		if strings.Count(policy, "'sha256-") != 2 || strings.Contains(policy, "47DEQpj8HBSa") {
			t.Errorf("%s: policy %s", path, policy)
		}
		for _, foreign := range []string{"src=", "url(", "@import", `href="http`, "//cdn"} {
			if strings.Contains(text, foreign) {
				t.Errorf("%s has %s", path, foreign)
			}
		}
	}
}

// TestBare: with twemproxy's page at /, the status page is at /status only.
func TestBare(t *testing.T) {
	_, url := serve(t, start(t, newFake()),
		Options{Bare: func(context.Context) ([]byte, error) { return []byte("{}\n"), nil }})
	for _, path := range []string{"/", "/stats"} {
		if r := get(t, url+path); read(t, r) != "{}\n" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %+v", path, r)
		}
	}
	if r := get(t, url+"/status"); !strings.Contains(read(t, r), "<script>") {
		t.Errorf("/status: %+v", r)
	}
	_, url = serve(t, start(t, newFake()), Options{Bare: func(context.Context) ([]byte, error) {
		return nil, errors.New("the loops do not answer")
	}})
	if r := get(t, url+"/"); r.StatusCode != 503 || read(t, r) != "the loops do not answer\n" {
		t.Errorf("an error: %+v", r)
	}
}

// TestProfiles: profiles are only there if the options say so.
func TestProfiles(t *testing.T) {
	s := start(t, newFake())
	_, with := serve(t, s, Options{Profiles: true})
	_, without := serve(t, s, Options{})
	for _, path := range []string{
		"/debug/pprof/", "/debug/pprof/goroutine?debug=1",
		"/debug/pprof/profile?seconds=1",
	} {
		if r := get(t, with+path); r.StatusCode != 200 || len(read(t, r)) == 0 {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
		if r := get(t, without+path); r.StatusCode != 404 || read(t, r) != "there is no such page\n" {
			t.Errorf("%s without --admin-pprof: %d", path, r.StatusCode)
		}
	}
}
