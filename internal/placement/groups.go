package placement

import "magent/internal/config"

// Groups splits a pool of a fleet by its primaries: each group has the keys of one primary, and all backups. Members
// decide for groups independently of each other. nil: the pool cannot be split, or has one primary only. The groups
// refer to p, which must not be changed.
func Groups(p *config.Pool) []config.Pool {
	if p.Redis || p.Distribution == config.Random || Ejects(p) || len(p.Servers) < 2 {
		return nil
	}
	groups, names := make([]config.Pool, len(p.Servers)), map[string]bool{}
	for i := range groups {
		g := *p
		g.Name, g.Of, g.Share = GroupName(p, i), p, i
		if names[g.Name] {
			return nil // a server that is there twice
		}
		names[g.Name] = true
		g.Servers, g.Listen, g.ClientConnections = p.Servers[i:i+1:i+1], nil, 0
		groups[i] = g
	}
	return groups
}

// Exchanged is a pool whose primaries are the backups of p, and the reverse.
func Exchanged(p *config.Pool) *config.Pool {
	other := *p
	other.Servers, other.Backups = p.Backups, p.Servers
	return &other
}

// GroupName is the name of the group of a pool's primary with index i.
func GroupName(p *config.Pool, i int) string { return p.Name + "/" + p.Servers[i].String() }

// GroupLike is the group of a pool, in either order of roles, that has the name and the share of another one. If there
// is none it is that one.
func GroupLike(whole, before *config.Pool) *config.Pool {
	for _, w := range []*config.Pool{whole, Exchanged(whole)} {
		groups := Groups(w)
		for i := range groups {
			if groups[i].Name == before.Name && groups[i].Share == before.Share {
				return &groups[i]
			}
		}
	}
	return before
}

// Share returns the index of the group that a key of the pool belongs to. It is for the rings of the whole pool.
func (r *Rings) Share(key []byte) int { return r.Primaries.Pick(r.Hash(key)) }

// Has reports whether a key belongs to the pool: to the group, if it is one.
func (r *Rings) Has(key []byte) bool { return r.whole == nil || r.whole.Pick(r.Hash(key)) == r.share }
