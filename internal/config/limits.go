package config

import (
	"net/netip"
	"strings"
	"time"
)

// Defaults that flags and keys of a file have in common.
const (
	DefaultConnectTimeout = 500 * time.Millisecond
	DefaultProbeInterval  = 500 * time.Millisecond
	DefaultRefillRate     = 20_000
	DefaultHotRefresh     = time.Second
)

// Limits of HotCache, in bytes, and HotRefresh.
const (
	MinHotCache   = 1 << 20
	MaxHotCache   = 1 << 40
	MinHotRefresh = 10 * time.Millisecond
)

// maxSocketPath is the longest path of a unix socket address on Linux, without the closing zero.
const maxSocketPath = 107

// isIPv6 reports whether s is an IPv6 address. It may have a zone: the name or number of an interface.
func isIPv6(s string) bool {
	addr, err := netip.ParseAddr(s)
	return err == nil && addr.Is6() && !strings.ContainsAny(addr.Zone(), "[]%/: ")
}
