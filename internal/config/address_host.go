package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// flaw says what is wrong with an address. The remedy is empty if the caller's usual one helps.
type flaw struct {
	problem, remedy string
}

// of returns the error for the user, in one line.
func (f *flaw) of(kind, value, usual string) error {
	remedy := f.remedy
	if remedy == "" {
		remedy = usual
	}
	return fmt.Errorf("%s %q: %s; %s", kind, value, f.problem, remedy)
}

// splitHost splits s into its host, without brackets, and the rest, which is empty or begins with ':'. The host is
// empty if s begins with ':'. It is not checked yet, unless it is an IPv6 address.
func splitHost(s string) (host, rest string, f *flaw) {
	if s == "" {
		return "", "", &flaw{problem: "address is empty"}
	}
	for _, c := range s {
		if c <= ' ' || c >= 0x7f { // an IPv6 zone could contain anything
			return "", "", &flaw{problem: fmt.Sprintf("address contains %q", c)}
		}
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		return splitBracketed(inner)
	}
	if strings.Count(s, ":") >= 2 {
		if f := ambiguous(s); f != nil {
			return "", "", f
		}
		if isIPv6(s) {
			return s, "", nil
		}
	}
	if strings.Count(s, ":") >= 3 {
		return "", "", &flaw{
			"too many ':' and not an IPv6 address", "write host:port:weight, or [address]:port:weight for IPv6",
		}
	}
	if colon := strings.IndexByte(s, ':'); colon >= 0 {
		return s[:colon], s[colon:], nil
	}
	return s, "", nil
}

// splitBracketed is splitHost for the text behind a '['.
func splitBracketed(s string) (host, rest string, f *flaw) {
	const remedy = "write [address]:port, such as [::1]:11211"
	host, rest, closed := strings.Cut(s, "]")
	switch {
	case !closed:
		return "", "", &flaw{"'[' without ']'", remedy}
	case !isIPv6(host):
		return "", "", &flaw{fmt.Sprintf("%q in brackets is not an IPv6 address", host), remedy}
	case rest != "" && rest[0] != ':':
		return "", "", &flaw{fmt.Sprintf("%q follows ']'", rest), remedy}
	}
	return host, rest, nil
}

// ambiguous refuses an IPv6 address without brackets whose last group could be meant as its port.
func ambiguous(s string) *flaw {
	colon := strings.LastIndexByte(s, ':')
	address, last := s[:colon], s[colon+1:]
	if !isIPv6(address) || !isDigits(last) {
		return nil
	}
	remedy := fmt.Sprintf("write [%s]:%s", address, last)
	if isIPv6(s) {
		remedy += fmt.Sprintf(" or [%s]", s)
	}
	return &flaw{"an IPv6 address with a port needs brackets", remedy}
}

// checkHost refuses what is neither an IP address nor a host name.
func checkHost(host string) *flaw {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	if host == "" {
		return &flaw{problem: "host is empty"}
	}
	if host[0] == '-' {
		return &flaw{problem: fmt.Sprintf("host %q begins with '-'", host)}
	}
	if strings.Trim(host, "0123456789.") == "" {
		return &flaw{problem: fmt.Sprintf("host %q is not an IPv4 address", host)}
	}
	for _, c := range host {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		case c == '/':
			return &flaw{
				fmt.Sprintf("host %q contains '/'", host), "write host:port, or the absolute path of a unix socket",
			}
		default:
			return &flaw{problem: fmt.Sprintf("host %q contains %q", host, c)}
		}
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if label == "" || len(label) > 63 {
			return &flaw{problem: fmt.Sprintf("host %q has a part of %d bytes between its dots", host, len(label))}
		}
	}
	if len(host) > 253 {
		return &flaw{problem: fmt.Sprintf("host of %d bytes is over the limit of 253", len(host))}
	}
	return nil
}

// parseNumber parses the decimal digits of a port or a weight, from 1 to most.
func parseNumber(what, text string, most int) (int, *flaw) {
	switch {
	case text == "":
		return 0, &flaw{problem: what + " is empty"}
	case !isDigits(text):
		return 0, &flaw{problem: fmt.Sprintf("%s %q is not a number", what, text)}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, &flaw{problem: fmt.Sprintf("%s %s is not within 1..%d", what, text, most)}
	}
	return n, nil
}

// isDigits reports whether s consists of one or more decimal digits.
func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
