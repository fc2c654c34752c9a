// Package status checks what magent shows for monitoring: the status page in a browser, the metrics with Prometheus'
// own tools, health checks, and magent top.
package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

const patience = testkit.Patience

// adminOf returns the address at which a magent that was started with --admin serves its pages.
func adminOf(t *testing.T, m *testkit.Process, field string) string {
	t.Helper()
	for line := range strings.Lines(m.Log()) {
		entry := map[string]any{}
		if json.Unmarshal([]byte(line), &entry) == nil {
			if addr, ok := entry[field].(string); ok {
				return addr
			}
		}
	}
	t.Fatalf("no line of the log has the field %s:\n%s", field, m.Log())
	return ""
}

// get requests a page.
func get(url string) (status int, text string, header http.Header, err error) {
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get(url)
	if err != nil {
		return 0, "", nil, err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	return r.StatusCode, string(body), r.Header, err
}

// page returns a page, which must exist.
func page(t *testing.T, url string) string {
	t.Helper()
	status, text, _, err := get(url)
	if err != nil || status != 200 {
		t.Fatalf("%s: %d, %v\n%s", url, status, err, text)
	}
	return text
}

// eventuallyPage waits until a page has a status and contains a text.
func eventuallyPage(t *testing.T, url string, status int, want string) {
	t.Helper()
	testkit.Eventually(t, url, func() error {
		got, text, _, err := get(url)
		if err != nil {
			return err
		}
		if got != status || !strings.Contains(text, want) {
			return fmt.Errorf("%d: %s", got, text)
		}
		return nil
	})
}

// traffic sets and gets keys until done is closed.
func traffic(t *testing.T, addr string, done <-chan struct{}) <-chan error {
	t.Helper()
	result := make(chan error, 1)
	c, err := harness.Open(addr)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer c.Close()
		for i := 0; ; i++ {
			select {
			case <-done:
				result <- nil
				return
			default:
			}
			key := fmt.Sprintf("key%d", i%500)
			_, err1 := c.Try(harness.Set(key, strings.Repeat("v", 20)))
			_, err2 := c.Try("get " + key + "\r\n")
			_, err3 := c.Try("get nothing" + key + "\r\n")
			if err := errors.Join(err1, err2, err3); err != nil {
				result <- err
				return
			}
			harness.Breathe()
		}
	}()
	return result
}
