package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
)

// Names are the words that lower packages know. Who builds a Config passes them in.
type Names struct {
	Hashes        []string
	Distributions []string

	// Keyless returns the indexes of the servers to which such a ring gives no key. If it is nil there
	// are no warnings about them.
	Keyless func(distribution string, servers []Address) []int

	CompatErrors bool // the default of compat_errors, which depends on the program
}

// Validate checks settings that depend on each other. An error is one line that names the value and the remedy. It
// speaks of flags such as -s, because they configure a process with a single pool.
func (c *Config) Validate(names Names) error {
	if c.Threads < 1 || c.MaxClients < 1 || c.MaxValue < 1 || len(c.Pools) == 0 {
		return fmt.Errorf("threads %d, clients %d, largest value %d, pools %d: each must be at least 1",
			c.Threads, c.MaxClients, c.MaxValue, len(c.Pools))
	}
	for i := range c.Pools {
		if err := c.Pools[i].validate(names); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pool) validate(names Names) error {
	if err := p.ValidateServers(names); err != nil {
		return err
	}
	if len(p.Listen) == 0 {
		return fmt.Errorf("-p 0 switches TCP off and no unix socket is given: add -f PATH or choose a port with -p")
	}
	return p.loops()
}

// ValidateServers checks the settings that say where keys are stored, for callers that need no listeners.
func (p *Pool) ValidateServers(names Names) error {
	if len(p.Servers) == 0 {
		return fmt.Errorf("no server given: name at least one memcached with -s, for example -s 10.0.0.1:11211")
	}
	if _, err := ParseChoice(p.Hash, names.Hashes); err != nil {
		return fmt.Errorf("--hash %w", err)
	}
	if _, err := ParseChoice(p.Distribution, names.Distributions); err != nil {
		return fmt.Errorf("--distribution %w", err)
	}
	if p.Distribution == Random && len(p.Backups) > 0 {
		return fmt.Errorf("--distribution random cannot find second copies again: choose ketama, or leave -b out")
	}
	return p.duplicates()
}

// duplicates refuses a server that is in one ring twice, and one that would be its own backup.
func (p *Pool) duplicates() error {
	primaries, backups := map[string]bool{}, map[string]bool{}
	for _, a := range p.Servers {
		if id := identity(a); primaries[id] {
			return fmt.Errorf("-s %s is given twice: "+
				"name each server once (a larger share of the keys is a weight: %s:2)", a, a)
		}
		primaries[identity(a)] = true
	}
	for _, a := range p.Backups {
		switch id := identity(a); {
		case backups[id]:
			return fmt.Errorf("-b %s is given twice: "+
				"name each backup once (a larger share of the keys is a weight: %s:2)", a, a)
		case primaries[id]:
			return fmt.Errorf("-b %s is also a primary (-s), so its keys would have no second copy: name another "+
				"server", a)
		default:
			backups[id] = true
		}
	}
	return nil
}

// loops refuses a server whose address is that of one of the pool's own listeners.
func (p *Pool) loops() error {
	for i, a := range slices.Concat(p.Servers, p.Backups) {
		flag := "-s"
		if i >= len(p.Servers) {
			flag = "-b"
		}
		if slices.ContainsFunc(p.Listen, func(l Listen) bool { return l.reaches(a) }) {
			return fmt.Errorf("%s %s is where this proxy itself listens: give the proxy another port with -p, "+
				"or name the server's real port", flag, a)
		}
	}
	return nil
}

// reaches reports whether l would accept a connection to a, as far as the addresses show.
func (l Listen) reaches(a Address) bool {
	if l.Network == "unix" {
		return a.Path != "" && a.Path == l.Address
	}
	host, port, err := net.SplitHostPort(l.Address)
	if err != nil || a.Network != "tcp" || port != strconv.Itoa(a.Port) {
		return false
	}
	if canonicalHost(host) == canonicalHost(a.Host) {
		return true
	}
	listen, err := netip.ParseAddr(host)
	if err != nil || !listen.IsUnspecified() {
		return false
	}
	server, err := netip.ParseAddr(canonicalHost(a.Host))
	return err == nil && server.IsLoopback()
}

// identity is equal for two spellings of one address to listen on.
func (l Listen) identity() string {
	host, port, err := net.SplitHostPort(l.Address)
	if l.Network == "unix" || err != nil {
		return l.Address
	}
	return net.JoinHostPort(canonicalHost(host), port)
}

// identity is equal for two spellings of one server address. Weight and name do not count.
func identity(a Address) string {
	if a.Network != "tcp" {
		return a.String()
	}
	return net.JoinHostPort(canonicalHost(a.Host), strconv.Itoa(a.Port))
}

func canonicalHost(host string) string {
	if host == "localhost" {
		return "127.0.0.1"
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().String()
	}
	return host
}
