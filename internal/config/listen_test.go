package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseListen(t *testing.T) {
	for _, c := range []struct {
		text string
		port int
		want string
	}{
		{"127.0.0.1", 12000, "127.0.0.1:12000 true"},
		{"127.0.0.1", 0, "127.0.0.1:0 false"},
		{"127.0.0.1:0", 12000, "127.0.0.1:0 true"},
		{"127.0.0.1:1", 0, "127.0.0.1:1 true"},
		{"0.0.0.0", 1, "0.0.0.0:1 true"},
		{"12000", 5, "127.0.0.1:12000 true"},
		{"12000", 0, "127.0.0.1:12000 true"},
		{"::1", 1, "[::1]:1 true"},
		{"::", 1, "[::]:1 true"},
		{"[::1]", 1, "[::1]:1 true"},
		{"[::1]:0", 1, "[::1]:0 true"},
		{"[fe80::1%eth0]:5", 1, "[fe80::1%eth0]:5 true"},
		{"cache-1.example", 1, "cache-1.example:1 true"},
		{"localhost:5", 1, "localhost:5 true"},
		{":5", 1, `error: address ":5": the host is missing; write 0.0.0.0:5 to listen on all interfaces`},
		{"/tmp/x", 1, `error: address "/tmp/x": not an IP address or host name; name a unix socket with -f`},
		{"300.1.1.1", 1, `error: address "300.1.1.1":...`},
		{"a b", 1, `error: address "a b":...`},
		{"a:99999", 1, `error: address "a:99999":...`},
		{"a:", 1, `error: address "a:":...`},
		{"1.2.3.4:80:1", 1, `error: address "1.2.3.4:80:1":...`},
	} {
		l, ok, err := ParseListen(c.text, c.port)
		check(t, c.text, fmt.Sprint(l.Address, " ", ok), err, c.want)
		if err == nil && (l.Network != "tcp" || l.Backlog == 0) {
			t.Errorf("%s: got %+v", c.text, l)
		}
	}
}

func TestParseSocket(t *testing.T) {
	l, err := ParseSocket("/run/magent.sock", 0o770)
	if err != nil || l.Network != "unix" || l.Address != "/run/magent.sock" || l.Mode != 0o770 {
		t.Errorf("got %+v, %v", l, err)
	}
	if _, err := ParseSocket("/"+strings.Repeat("x", 106), 0); err != nil {
		t.Errorf("107 bytes: %v", err)
	}
	if _, err := ParseSocket("/"+strings.Repeat("x", 107), 0); err == nil {
		t.Error("108 bytes were taken")
	}
}
