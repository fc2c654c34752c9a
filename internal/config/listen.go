package config

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// DefaultBacklog is how many connections the kernel queues for a listener.
const DefaultBacklog = 1024

// ParseListen parses an address to listen on. That is an IPv4 or IPv6 address or a host name, each with or without
// a port ("10.0.0.1", "::1", "[::1]:12000", "cache1:12000"), or a bare port of the loopback address ("12000").
// Without one the port is port. ok is false if the
// address has no port of its own and port is 0, which means: no TCP. The host in the result may still be a name,
// which the caller resolves.
func ParseListen(s string, port int) (l Listen, ok bool, err error) {
	host, rest, f := splitHost(onLoopback(s))
	switch {
	case f == nil && host == "" && rest != "":
		f = &flaw{problem: "the host is missing", remedy: "write 0.0.0.0" + rest + " to listen on all interfaces"}
	case f == nil && strings.Contains(host, "/"):
		f = &flaw{problem: "not an IP address or host name", remedy: "name a unix socket with -f"}
	case f == nil:
		f = checkHost(host)
	}
	if f == nil && rest != "" {
		port, ok = 0, true
		if rest != ":0" { // the kernel chooses
			port, f = parseNumber("port", rest[1:], 65535)
		}
	}
	if f != nil {
		return Listen{}, false, f.of("address", s, "write IP, IP:PORT or [IPv6]:PORT")
	}
	ok = ok || port != 0
	l = Listen{
		Network: "tcp", Address: net.JoinHostPort(host, strconv.Itoa(port)), Backlog: DefaultBacklog,
		KeepAlive: true,
	}
	return l, ok, nil
}

// ParseSocket checks the path of a unix socket to listen on.
func ParseSocket(path string, mode uint32) (Listen, error) {
	if len(path) > maxSocketPath {
		return Listen{}, fmt.Errorf("%q is too long for a unix socket: choose a path of at most %d bytes",
			path, maxSocketPath)
	}
	return Listen{Network: "unix", Address: path, Mode: mode, Backlog: DefaultBacklog}, nil
}
