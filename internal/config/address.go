package config

import (
	"fmt"
	"strconv"
	"strings"
)

// DefaultPort is the port of a server that is written without one: memcached's.
const DefaultPort = 11211

// MaxWeight is the largest weight that ParseAddress accepts.
const MaxWeight = 1_000_000

// Address says where a server is, and what share of the keys it gets.
type Address struct {
	Network string // "tcp", "unix" or "sentinel"
	Host    string // tcp: host name or IP address, without brackets
	Port    int    // tcp: 1 to 65535
	Path    string // unix: absolute path of the socket
	Weight  int    // 1 or more
	Name    string // hashed into the ring in place of the address, if not empty

	// Sentinels are those that know where the server is, as SentinelHosts returns them, but joined by commas.
	Sentinels string
	Master    string // sentinel: their name for the server
}

// addressForms is the remedy for an address for which there is no better one.
const addressForms = "write host:port or host:port:weight"

// ParseAddress parses a server on the command line:
//
//	host  host:port  host:port:weight      a name or an IPv4 address
//	[v6]  [v6]:port  [v6]:port:weight      an IPv6 address
//	v6                                     the same, unless its last group could be meant as a port
//	/path  /path:weight  unix:/path        a unix socket; its path contains no ':'
//	port                                   a port of this machine's loopback address
//
// The port defaults to 11211 and the weight to 1. An error is one line with the value and the remedy.
func ParseAddress(s string) (Address, error) {
	a, f := parseAddress(s)
	if f != nil {
		return Address{}, f.of("server", s, addressForms)
	}
	return a, nil
}

// String returns host:port, [v6]:port or the path, for dialing and for messages. A master that is known by its
// sentinels is sentinel://host:port,host:port/master, for messages only.
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

// Texts returns each address as String does, in the same order.
func Texts(addresses []Address) (texts []string) {
	for _, a := range addresses {
		texts = append(texts, a.String())
	}
	return texts
}

// RingName returns the text that twemproxy and libmemcached hash into the ketama ring, and sort by. That is the
// explicit name if there is one. Otherwise it is host:port without brackets, or only the host if the port is 11211.
// For a socket it is the path and a ':'. A master that is known by its sentinels has the name that they give it.
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

// MagentName returns the text that magent 0.5 hashes into its ring: ip-port. It has neither names nor sockets for
// servers; here these are the path of a socket, and the name of a master that is known by its sentinels.
func (a Address) MagentName() string {
	switch a.Network {
	case "unix":
		return a.Path
	case "sentinel":
		return a.Master
	}
	return a.Host + "-" + strconv.Itoa(a.Port)
}

// parseAddress is ParseAddress with an error that does not name the address.
func parseAddress(s string) (Address, *flaw) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok && !isDigits(path[:min(1, len(path))]) {
		return parseSocket(path)
	}
	if strings.HasPrefix(s, "/") {
		return parseSocket(s)
	}
	if strings.HasPrefix(s, sentinelScheme) {
		return Address{}, &flaw{
			"sentinel:// is for Redis pools, which are configured in files",
			"write the server into a file of pools, and name the file with -c",
		}
	}
	a := Address{Network: "tcp", Port: DefaultPort, Weight: 1}
	host, rest, f := splitHost(onLoopback(s))
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

// onLoopback returns a bare port as an address on this machine, and anything else as it is.
func onLoopback(s string) string {
	if isDigits(s) {
		return "127.0.0.1:" + s
	}
	return s
}

// parseSocket parses path or path:weight.
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
		f.remedy = remedy + ", where the path contains no ':'"
	}
	return a, f
}

// checkSocketPath refuses a path that a unix socket cannot have.
func checkSocketPath(path, remedy string) *flaw {
	switch {
	case !strings.HasPrefix(path, "/"):
		return &flaw{fmt.Sprintf("socket path %q is not absolute", path), remedy}
	case strings.HasSuffix(path, "/"):
		return &flaw{fmt.Sprintf("socket path %q is a directory", path), remedy}
	case len(path) > maxSocketPath:
		problem := fmt.Sprintf("socket path of %d bytes is over the system's limit of %d", len(path), maxSocketPath)
		return &flaw{problem, "use a shorter path"}
	case strings.ContainsFunc(path, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return &flaw{"socket path contains a control character", remedy}
	}
	return nil
}

// DefaultSentinelPort is the port of a sentinel that is written without one: Redis'.
const DefaultSentinelPort = 26379

// sentinelScheme is the prefix of a server that is a Redis master, wherever its sentinels say that it is.
const sentinelScheme = "sentinel://"
