package config

import (
	"net"
	"strconv"
)

// ParseAdmin reads where the pages for watchers are: HOST:PORT, :PORT or PORT, without a host on the loopback. Port 0 is
// one that the kernel chooses.
func ParseAdmin(s string) (string, error) {
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
		return "", f.of("address", s, "write HOST:PORT, or :PORT for the loopback")
	}
	return net.JoinHostPort(host, strconv.Itoa(port)), nil
}
