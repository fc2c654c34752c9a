package config

import (
	"fmt"
	"strconv"
	"strings"
)

// DefaultPort is the port of a server that is written without one: memcached's.
const DefaultPort = 11211

// MaxWeight is the greatest weight of a server that ParseAddress takes.
const MaxWeight = 1_000_000

// Address says where one server is and how much of the keys it gets.
type Address struct {
	Network string // "tcp", "unix" or "sentinel"
	Host    string // tcp: host name or IP address as written, without brackets
	Port    int    // tcp: 1 to 65535
	Path    string // unix: absolute path of the socket
	Weight  int    // 1 or more
	Name    string // hashed into the ring instead of the address, if not empty

	Sentinels string // sentinel: those that know where the server is, as SentinelHosts returns them, with commas between
	Master    string // sentinel: what they call it
}

// addressForms ends the error for an address that has no better remedy.
const addressForms = "write host:port or host:port:weight"

// ParseAddress reads a server as it is written on the command line:
//
//	host  host:port  host:port:weight      a name or an IPv4 address
//	[v6]  [v6]:port  [v6]:port:weight      an IPv6 address
//	v6                                     the same, unless its last group could be meant as a port
//	/path  /path:weight  unix:/path        a unix socket; its path holds no ':'
//
// The port is 11211 and the weight 1 if not given. The error is one line with the value and the remedy.
func ParseAddress(s string) (Address, error) {
	a, f := parseAddress(s)
	if f != nil {
		return Address{}, f.of("server", s, addressForms)
	}
	return a, nil
}

// String returns host:port, [v6]:port or the path: what to dial and what to show; of a master that is known by sentinels
// sentinel://host:port,host:port/master, which is to be shown only.
func (a Address) String() string {
	switch a.Network {
	case "unix":
		return a.Path
	case "sentinel":
		return sentinelScheme + a.Sentinels + "/" + a.Master
	}
	if strings.Contains(a.Host, ":") {
		return "[" + a.Host + "]:" + strconv.Itoa(a.Port)
	}
	return a.Host + ":" + strconv.Itoa(a.Port)
}

// RingName returns the text that twemproxy and libmemcached hash into the ketama ring and sort by: the explicit name if
// there is one, the host alone on port 11211, else host:port without brackets; for a socket its path and a ':'. A master that is known by sentinels has the name that they give it.
func (a Address) RingName() string {
	switch {
	case a.Name != "":
		return a.Name
	case a.Network == "unix":
		return a.Path + ":"
	case a.Network == "sentinel":
		return a.Master
	case a.Port == DefaultPort:
		return a.Host
	}
	return a.Host + ":" + strconv.Itoa(a.Port)
}

// MagentName returns the text that magent hashes into its ring: ip-port. magent has neither names nor sockets as servers;
// a socket gives its path, a master that is known by sentinels its name.
func (a Address) MagentName() string {
	switch a.Network {
	case "unix":
		return a.Path
	case "sentinel":
		return a.Master
	}
	return a.Host + "-" + strconv.Itoa(a.Port)
}

// parseAddress is ParseAddress without the frame of its error.
func parseAddress(s string) (Address, *flaw) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok && !isDigits(path[:min(1, len(path))]) {
		return parseSocket(path)
	}
	if strings.HasPrefix(s, "/") {
		return parseSocket(s)
	}
	if strings.HasPrefix(s, sentinelScheme) {
		return Address{}, &flaw{"sentinels are for Redis pools, and those are in files", "name a file of pools with -c, and write the server there"}
	}
	a := Address{Network: "tcp", Port: DefaultPort, Weight: 1}
	host, rest, f := splitHost(s)
	if f == nil {
		f = checkHost(host)
	}
	a.Host = host
	if f != nil || rest == "" {
		return a, f
	}
	port, weight, hasWeight := strings.Cut(rest[1:], ":")
	a.Port, f = parseNumber("port", port, 65535)
	if f == nil && hasWeight {
		a.Weight, f = parseNumber("weight", weight, MaxWeight)
	}
	return a, f
}

// parseSocket reads path or path:weight.
func parseSocket(s string) (Address, *flaw) {
	const remedy = "write /path or /path:weight"
	a := Address{Network: "unix", Weight: 1}
	path, weight, hasWeight := strings.Cut(s, ":")
	if f := checkSocketPath(path, remedy); f != nil {
		return a, f
	}
	a.Path = path
	if !hasWeight {
		return a, nil
	}
	var f *flaw
	if a.Weight, f = parseNumber("weight", weight, MaxWeight); f != nil {
		f.remedy = remedy + ", where the path holds no ':'"
	}
	return a, f
}

// checkSocketPath refuses what cannot be the path of a unix socket.
func checkSocketPath(path, remedy string) *flaw {
	switch {
	case !strings.HasPrefix(path, "/"):
		return &flaw{fmt.Sprintf("socket path %q is not absolute", path), remedy}
	case strings.HasSuffix(path, "/"):
		return &flaw{fmt.Sprintf("socket path %q is a directory", path), remedy}
	case len(path) > maxSocketPath:
		return &flaw{fmt.Sprintf("socket path of %d bytes is over the system's limit of %d", len(path), maxSocketPath), "use a shorter path"}
	case strings.ContainsFunc(path, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return &flaw{"socket path holds a control character", remedy}
	}
	return nil
}
