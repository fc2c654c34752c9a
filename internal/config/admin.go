package config

import (
	"net"
	"strconv"
	"strings"
)

// ParseAdmin parses the address of the pages for monitoring: HOST:PORT, :PORT or PORT, or the path of a unix socket,
// which begins with "/". Without a host it is on loopback. Port 0 lets the kernel choose.
func ParseAdmin(s string) (string, error) {
	if strings.HasPrefix(s, "/") {
		l, err := ParseSocket(s, 0)
		return l.Address, err
	}
	if isDigits(s) {
		s = ":" + s
	}
	host, rest, f := splitHost(s)
	if f == nil && host == "" && rest != "" {
		host = "127.0.0.1"
	}
	if f == nil {
		f = checkHost(host)
	}
	if f == nil && rest == "" {
		f = &flaw{problem: "the port is missing", remedy: "write " + net.JoinHostPort(host, "9100") + ", for example"}
	}
	port := 0
	if f == nil && rest != ":0" {
		port, f = parseNumber("port", rest[1:], 65535)
	}
	if f != nil {
		return "", f.of("address", s, "write HOST:PORT, :PORT for the loopback, or the /PATH of a unix socket")
	}
	return net.JoinHostPort(host, strconv.Itoa(port)), nil
}
