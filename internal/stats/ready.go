package stats

import (
	"fmt"
	"slices"
	"strings"
)

// Unready says for each pool that cannot serve all of its keys why not, and whether it can serve any. A key is served while its
// primary may be read, or its backup: that may be any, so all of them have to be up for a primary that is not. Without backups
// every server has to be up; where keys move to the other servers, one of them.
func Unready(p *Process, s *Snapshot) (reasons []string) {
	for i := range p.Pools {
		pool := &p.Pools[i]
		servers := s.ServersOf(pool.Name)
		reason := pool.unready(servers)
		switch {
		case reason == "":
		case serves(servers):
			reasons = append(reasons, fmt.Sprintf("pool %s: %s", pool.Name, reason))
		default:
			reasons = append(reasons, fmt.Sprintf("pool %s serves nothing: %s", pool.Name, reason))
		}
	}
	return reasons
}

// Serves reports whether any key of any pool can be served.
func Serves(p *Process, s *Snapshot) bool {
	for i := range p.Pools {
		if serves(s.ServersOf(p.Pools[i].Name)) {
			return true
		}
	}
	return false
}

// serves reports whether any key of a pool with these servers can be served; there are none while it is being replaced.
func serves(servers []Server) bool {
	up := func(v Server) bool { return v.State == "up" }
	return len(servers) == 0 || slices.ContainsFunc(servers, up)
}

// Ready reports whether all keys of a pool can be served.
func (p *Pool) Ready(s *Snapshot) bool { return p.unready(s.ServersOf(p.Name)) == "" }

// ServersOf returns those of a pool.
func (s *Snapshot) ServersOf(pool string) []Server {
	first := 0
	for first < len(s.Servers) && s.Servers[first].Pool != pool {
		first++
	}
	end := first
	for end < len(s.Servers) && s.Servers[end].Pool == pool {
		end++
	}
	return s.Servers[first:end]
}

func (p *Pool) unready(servers []Server) string {
	var primaries, backups []string // that may not be read
	up, copies := 0, 0
	for i := range servers {
		v := &servers[i]
		if v.Role != "primary" {
			copies++
		}
		switch {
		case v.State == "up":
			up++
		case v.Role == "primary":
			primaries = append(primaries, v.trouble())
		default:
			backups = append(backups, v.trouble())
		}
	}
	switch {
	case len(servers) == 0: // it is being replaced
		return ""
	case len(primaries) == 0, copies > 0 && len(backups) == 0, p.Moves && up > 0:
		return ""
	}
	return strings.Join(append(primaries, backups...), "; ")
}

// trouble says what a server is, and why.
func (s *Server) trouble() string {
	text := s.Role + " " + s.Address + " is " + s.State
	if s.LastError != "" {
		text += " (" + s.LastError + ")"
	}
	return text
}
