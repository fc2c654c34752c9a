package config

import (
	"cmp"
	"slices"

	yaml "go.yaml.in/yaml/v4"
)

// drained reads the servers in maintenance. Each is named by its address, or by its name in the ring. The other keys
// have been read.
func (s *section) drained() {
	if s.drainedAt == nil {
		return
	}
	for _, n := range s.drainedAt.Content {
		if n.Kind != yaml.ScalarNode {
			s.fail(n, "found %s in the place of a server: write its address or name", kindOf(n))
			continue
		}
		a := s.pool.Find(n.Value)
		switch {
		case a == nil:
			s.fail(n, "drained: %q is no server of pool %q: write the address or the name of one, without a weight",
				n.Value, s.pool.Name)
		case s.pool.DrainOf(a.String()) != nil:
			s.fail(n, "drained: %q is in the list already: leave it out", n.Value)
		default:
			s.pool.Drained = append(s.pool.Drained, Drain{Server: a.String()})
		}
	}
	slices.SortFunc(s.pool.Drained, func(a, b Drain) int { return cmp.Compare(a.Server, b.Server) })
}
