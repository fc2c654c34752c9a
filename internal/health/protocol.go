package health

import (
	"fmt"
	"strings"
)

// protocol is the part of a cache protocol that a check needs.
type protocol struct {
	hello   string                 // a request that the proxy answers itself
	welcome func(line string) bool // whether line is the answer to hello
	get     func(key string) string
	served  func(line string) bool // whether line is the answer to a get of a missing key
	others  []other                // what else may listen there
}

// other is a protocol that was not asked for: how its answers begin, and what to do.
type other struct{ begins, advice string }

const (
	pages = "that is a port for monitoring: ask it by --readyz, or name the port of a pool"
	items = "that is memcached's protocol: leave --redis out"
)

// strange is the error for a line that is not the answer to hello.
func (p protocol) strange(line string) error {
	for _, o := range p.others {
		if strings.HasPrefix(line, o.begins) {
			return fmt.Errorf("it said %q: %s", line, o.advice)
		}
	}
	return fmt.Errorf("it said %q", line)
}

// A proxy that wants a password, which nobody has told us, answers everything in the same way. It counts as healthy.
const unauthenticated = "CLIENT_ERROR unauthenticated"

var memcached = protocol{
	hello:   "version\r\n",
	welcome: func(line string) bool { return strings.HasPrefix(line, "VERSION ") || line == unauthenticated },
	get:     func(key string) string { return "get " + key + "\r\n" },
	served:  func(line string) bool { return line == "END" || line == unauthenticated },
	others:  []other{{"-", "that is Redis's protocol: add --redis"}, {"HTTP/", pages}},
}

// The same with NOAUTH.
var redis = protocol{
	hello:   "*1\r\n$4\r\nPING\r\n",
	welcome: func(line string) bool { return line == "+PONG" || strings.HasPrefix(line, "-NOAUTH") },
	get:     func(key string) string { return fmt.Sprintf("*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n", len(key), key) },
	served:  func(line string) bool { return line == "$-1" || strings.HasPrefix(line, "-NOAUTH") },
	others: []other{
		{"ERROR", items},
		{"CLIENT_ERROR", items},
		{"HTTP/", pages},
	},
}
