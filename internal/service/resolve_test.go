package service

import (
	"slices"
	"strings"
	"testing"
)

func TestResolveListen(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"127.0.0.1:5", "127.0.0.1:5"},
		{"[::1]:0", "[::1]:0"},
		{"localhost:7", "127.0.0.1:7"},
	} {
		got, err := ResolveListen(c.text)
		if err != nil || !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s: got %v, %v", c.text, got, err)
		}
	}
	_, err := ResolveListen("no-such-host.invalid:5")
	if err == nil || !strings.HasPrefix(err.Error(), "unknown host no-such-host.invalid (") ||
		!strings.HasSuffix(err.Error(), "): check the name, or give an IP address") {
		t.Errorf("got %v", err)
	}
}
