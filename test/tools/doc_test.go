// Package tools runs what operators already have against magent: telegraf's inputs, Redis' exporter, memcached's own
// tool, and nginx. They see what they saw of a memcached, a Redis or a twemproxy.
package tools

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// telegraf returns what one of telegraf's inputs gathers, as "MEASUREMENT FIELD" -> value.
func telegraf(t *testing.T, args ...string) map[string]string {
	t.Helper()
	code, stdout, stderr := harness.Here(t, append([]string{harness.Module(t, "telegraf")}, args...)...)
	if code != 0 {
		t.Fatalf("telegraf %s: exit code %d\n%s", strings.Join(args, " "), code, stderr)
	}
	fields := map[string]string{}
	for line := range strings.Lines(stdout) {
		measurement, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		field, value, _ := strings.Cut(rest, " ")
		fields[measurement+" "+field] = value
	}
	return fields
}

// has checks that some fields have values.
func has(t *testing.T, fields, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got, ok := fields[name]; !ok || got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if t.Failed() {
		t.Logf("all fields: %v", fields)
	}
}

// fetch returns a page; an error if the status is not 200.
func fetch(url string) (string, error) {
	r, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", r.Status, body)
	}
	return string(body), err
}
