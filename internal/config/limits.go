package config

import (
	"net/netip"
	"strings"
	"time"
)

// What the keys of a file and the flags have as their defaults alike.
const (
	DefaultConnectTimeout = 500 * time.Millisecond
	DefaultProbeInterval  = 500 * time.Millisecond
	DefaultRefillRate     = 20_000
)

// maxSocketPath is what fits into the path of a unix socket address on Linux, less the closing zero.
const maxSocketPath = 107

// isIPv6 says whether s is an IPv6 address, possibly with a zone: the name or number of an interface.
func isIPv6(s string) bool {
	addr, err := netip.ParseAddr(s)
	return err == nil && addr.Is6() && !strings.ContainsAny(addr.Zone(), "[]%/: ")
}
