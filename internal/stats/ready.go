package stats

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Unready returns a reason for each pool that cannot serve all of its keys. It says whether the pool can serve any. A
// key can be served if its primary or its backup may be read. Any server may be the backup, so if a primary is not
// up, all backups have to be. Without backups all servers have to be up, or only one if keys move to other servers.
// A member of a fleet gives the reasons for which it neither decides nor knows who does.
func Unready(p *Process, s *Snapshot) (reasons []string) {
	if p.Fleet != nil {
		reasons = p.Fleet.Unready()
	}
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

// Serves reports whether any key of any pool can be served. A witness serves the fleet while it is in a view.
func Serves(p *Process, s *Snapshot) bool {
	if p.Fleet != nil && (len(p.Fleet.Unready()) > 0 || p.Fleet.Witness) {
		return len(p.Fleet.Unready()) == 0
	}
	for i := range p.Pools {
		if serves(s.ServersOf(p.Pools[i].Name)) {
			return true
		}
	}
	return false
}

// serves reports whether a pool with these servers can serve any key. There are no servers while
// the pool is being replaced.
func serves(servers []Server) bool {
	up := func(v Server) bool { return v.State == StateUp || v.Role == Forwarded }
	return len(servers) == 0 || slices.ContainsFunc(servers, up)
}

// Ready reports whether the pool can serve all of its keys.
func (p *Pool) Ready(s *Snapshot) bool { return p.unready(s.ServersOf(p.Name)) == "" }

// ServersOf returns the servers of a pool. The result aliases s.
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
	var primaries, backups []string // descriptions of those that may not be read
	up, copies := 0, 0
	for i := range servers {
		v := &servers[i]
		if v.Role == "backup" {
			copies++
		}
		switch {
		case v.Role == Forwarded: // the member that decides answers for it
		case v.State == StateUp:
			up++
		case v.Role == "primary":
			primaries = append(primaries, v.trouble())
		default:
			backups = append(backups, v.trouble())
		}
	}
	switch {
	case len(servers) == 0: // the pool is being replaced
		return ""
	case len(primaries) == 0, copies > 0 && len(backups) == 0, p.Moves && up > 0:
		return ""
	}
	return strings.Join(append(primaries, backups...), "; ")
}

// Called is what people call a server: its name if the file of pools gives it one, else its address.
func (s *Server) Called() string { return cmp.Or(s.Name, s.Address) }

// trouble describes a server that is not up.
func (s *Server) trouble() string {
	text := s.Role + " " + s.Called() + " is " + s.State
	if s.LastError != "" {
		text += " (" + s.LastError + ")"
	}
	return text
}
