package health

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// page answers a request for /readyz when its header is complete. Other pages are missing.
func page(reply string) func(words []string) string {
	wanted := false
	return func(words []string) string {
		switch {
		case len(words) > 1 && words[0] == "GET":
			wanted = words[1] == "/readyz"
			return ""
		case len(words) > 0: // another line of the header
			return ""
		case !wanted:
			return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
		}
		return reply
	}
}

func TestReady(t *testing.T) {
	long := strings.Repeat("x", longestAnswer)
	for name, c := range map[string]struct {
		status     int
		body       string
		rest, fail string // as in TestCheck
	}{
		"ready": {status: 200, body: "ok\n"},
		"partly": {
			status: 200, body: "ok\npool a lacks: primary one:1\npool b lacks: primary two:2\n",
			rest: "; ok; pool a lacks: primary one:1; pool b lacks: primary two:2",
		},
		"not ready": {
			status: 503, body: "nothing is served\npool a serves nothing: primary one:1\n",
			fail: ": 503 Service Unavailable: nothing is served; pool a serves nothing: primary one:1",
		},
		"another page": {status: 404, body: "404 page not found\n", fail: ": 404 Not Found: 404 page not found"},
		"long":         {status: 200, body: long + "more", rest: "; " + long},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": path} {
				f := startFake(t, network, address, page(
					fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Length: %d\r\n\r\n%s",
						c.status, http.StatusText(c.status), len(c.body), c.body)))
				address = f.ln.Addr().String()
				told, err := Check(t.Context(), Options{Admin: address, Within: patience})
				checkResult(t, told, err, address+" serves, in ", c.rest, address+c.fail, c.fail != "")
			}
		})
	}
}

// An admin address that does not answer, or not by HTTP, is an error within the time of the check.
func TestReadyFails(t *testing.T) {
	for answer, want := range map[string]string{
		"":          ": no answer in time",
		"close":     ": it closed the connection",
		"ERROR\r\n": ": it does not speak HTTP: name the address of --admin, or ask a pool by its address alone",
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok": ": no answer in time",
	} {
		f := startFake(t, "tcp", "127.0.0.1:0", page(answer))
		within := soon
		if answer == "close" || answer == "ERROR\r\n" {
			within = patience
		}
		told, err := Check(t.Context(), Options{Admin: f.ln.Addr().String(), Within: within})
		checkResult(t, told, err, "", "", f.ln.Addr().String()+want, true)
	}
}
