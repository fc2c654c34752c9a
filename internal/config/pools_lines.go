package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// Addresses in twemproxy's grammar. It splits them from the right, so IPv6 addresses need no brackets. They are
// accepted with brackets as well.

const (
	serverForms = "write host:port:weight, host:port:weight name, or /path:weight"
	listenForms = "write host:port, or /path and a permission such as 0770"
)

// servers parses a list of servers. Those with errors are left out.
func (s *section) servers(list *yaml.Node) (addresses []Address, at []*yaml.Node) {
	for _, n := range list.Content {
		if n.Kind != yaml.ScalarNode {
			s.fail(n, "found %s in the place of a server: %s", kindOf(n), serverForms)
			continue
		}
		a, f := parseServerLine(n.Value)
		if f != nil {
			s.fail(n, "%v", f.of("server", n.Value, serverForms))
			continue
		}
		addresses, at = append(addresses, a), append(at, n)
	}
	return addresses, at
}

// parseServerLine parses "host:port:weight", "/path:weight" and
// "sentinel://host:port/master:weight". " name" may follow. A bare port is one of the loopback, and needs no weight.
func parseServerLine(line string) (Address, *flaw) {
	address, name, f := cutName(line)
	if f != nil {
		return Address{}, f
	}
	if s, ok := strings.CutPrefix(address, sentinelScheme); ok {
		a, f := parseSentinelLine(s)
		a.Name = name
		return a, f
	}
	if isDigits(address) {
		address += ":1"
	}
	head, weight, ok := cutLast(address, ':')
	head = onLoopback(head)
	unix := strings.HasPrefix(address, "/")
	switch {
	case address == "":
		return Address{}, &flaw{problem: "the line is empty"}
	case !ok && !unix:
		return Address{}, &flaw{problem: "the port and the weight are missing"}
	case !ok || !unix && !strings.Contains(head, ":"):
		return Address{}, &flaw{"the weight is missing", fmt.Sprintf("write %s:1", address)}
	case unix && strings.Contains(head, ":"):
		return Address{}, &flaw{"the path contains a ':'", "move the socket to a path without"}
	}
	a := Address{Network: "tcp", Name: name}
	if a.Weight, f = parseNumber("weight", weight, maxNumber); f != nil {
		return a, f
	}
	if unix {
		a.Network, a.Path = "unix", head
		return a, checkSocketPath(head, serverForms)
	}
	var port string
	if a.Host, port, a.Port, f = parseHostPort(head); f == nil && name == "" && a.Port != DefaultPort &&
		port != strconv.Itoa(a.Port) {
		a.Name = a.Host + ":" + port // twemproxy hashes the port as it is written
	}
	return a, f
}

// cutName splits a line of a server into its address and its name.
func cutName(line string) (address, name string, f *flaw) {
	address, name, named := cutLast(line, ' ')
	switch {
	case named && name == "":
		f = &flaw{problem: "the name behind the blank is empty"}
	case strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f }):
		f = &flaw{problem: "the name contains a control character"}
	case strings.HasSuffix(address, " "):
		f = &flaw{problem: "there is more than one blank before the name"}
	}
	return address, name, f
}

// parseHostPort parses the text before and behind the last ':'.
func parseHostPort(s string) (host, text string, port int, f *flaw) {
	host, text, ok := cutLast(s, ':')
	if !ok {
		return "", "", 0, &flaw{problem: "the port is missing"}
	}
	if port, f = parseNumber("port", text, 65535); f != nil {
		return "", "", 0, f
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		host, _, f = splitBracketed(inner)
		return host, text, port, f
	}
	if strings.Contains(host, ":") && !isIPv6(host) {
		return "", "", 0, &flaw{problem: fmt.Sprintf("host %q is not an IPv6 address", host)}
	}
	if !isIPv6(host) {
		f = checkHost(host)
	}
	return host, text, port, f
}

// listen parses "host:port" or "/path". An octal permission may follow the latter.
func (s *section) listen(n *yaml.Node) {
	l, f := parseListenLine(n.Value)
	if f != nil {
		s.fail(n, "%v", f.of("listen", n.Value, listenForms))
		return
	}
	s.listenAt = n
	s.pool.Listen[0].Network, s.pool.Listen[0].Address, s.pool.Listen[0].Mode = l.Network, l.Address, l.Mode
}

func parseListenLine(line string) (l Listen, f *flaw) {
	if !strings.HasPrefix(line, "/") {
		host, _, port, f := parseHostPort(onLoopback(line))
		if addr, err := netip.ParseAddr(host); err == nil {
			host = addr.String()
		}
		return Listen{Network: "tcp", Address: net.JoinHostPort(host, strconv.Itoa(port))}, f
	}
	path, permission, ok := cutLast(line, ' ')
	if ok {
		mode, err := ParseMode(permission)
		if err != nil {
			return l, &flaw{
				fmt.Sprintf("permission %q is not an octal number from 0 to 0777", permission),
				"write one such as 0770, or none",
			}
		}
		l.Mode = mode
	}
	l.Network, l.Address = "unix", path
	return l, checkSocketPath(path, listenForms)
}

// ParseHashTag parses the two bytes of a hash tag.
func ParseHashTag(text string) (string, error) {
	if len(text) != 2 {
		return "", fmt.Errorf("%q is not two bytes: write those that enclose what is hashed, such as \"{}\"", text)
	}
	return text, nil
}
