package config

import (
	"strings"
	"testing"
)

func TestParseAdmin(t *testing.T) {
	for text, want := range map[string]string{
		"9100":           "127.0.0.1:9100",
		":9100":          "127.0.0.1:9100",
		"0":              "127.0.0.1:0",
		"0.0.0.0:9100":   "0.0.0.0:9100",
		"10.0.0.1:1":     "10.0.0.1:1",
		"[::]:9100":      "[::]:9100",
		"localhost:9100": "localhost:9100",
		"[::1]":          `error: address "[::1]": the port is missing; write [::1]:9100, for example`,
		"localhost":      `error: address "localhost": the port is missing; write localhost:9100, for example`,
		"70000":          `error: address ":70000":...`,
		":":              `error: address ":":...`,
		"":               `error: address "":...`,
		"a b:1":          `error: address "a b:1":...`,
		"/tmp/x":         "/tmp/x",
		"tmp/x":          `error: address "tmp/x":...`,
	} {
		got, err := ParseAdmin(text)
		check(t, text, got, err, want)
	}
	if _, err := ParseAdmin("/" + strings.Repeat("x", maxSocketPath)); err == nil ||
		!strings.Contains(err.Error(), "too long for a unix socket") {
		t.Errorf("a long path: %v", err)
	}
}
