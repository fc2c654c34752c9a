package config

import (
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

// check finds errors that concern several keys of a pool.
func (s *section) check() {
	s.checkName()
	s.checkProtocol()
	s.checkTLS()
	if s.pool.Hash == "" {
		s.pool.Hash = defaultHash(s.pool.Distribution)
	}
	if s.keys["listen"] == nil {
		s.fail(s.name, "pool %q has no listen: write where clients connect to, such as listen: 127.0.0.1:22121",
			s.pool.Name)
	}
	if list := s.keys["servers"]; list == nil || list.Kind == yaml.SequenceNode && len(list.Content) == 0 {
		s.fail(s.name, "pool %q has no servers: write servers: and below it one line such as "+
			"\"- 10.0.0.1:11211:1\" for each", s.pool.Name)
	}
	if s.pool.Distribution == Random && len(s.pool.Backups) > 0 {
		s.fail(s.keys["distribution"],
			"distribution random cannot find second copies again: choose ketama, or leave backups: out")
	}
	s.checkNames(s.pool.Servers, s.serversAt)
	s.checkNames(s.pool.Backups, s.backupAt)
	s.checkCopies()
	s.drained()
	s.checkLoops(s.pool.Servers, s.serversAt)
	s.checkLoops(s.pool.Backups, s.backupAt)
}

func (s *section) checkName() {
	if s.pool.Name == "" || strings.ContainsFunc(s.pool.Name, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		s.fail(s.name, "pool name %q is empty or contains a control character: choose another", s.pool.Name)
	}
}

// defaultHash returns twemproxy's default, or for a placement of magent 0.5 its only hash.
func defaultHash(distribution string) string {
	switch distribution {
	case "magent":
		return "djb2"
	case "magent-ketama":
		return "md5"
	}
	return "fnv1a_64"
}

// checkNames refuses two servers with the same name in the ring, and weights whose sum is too large.
func (s *section) checkNames(servers []Address, at []*yaml.Node) {
	first := map[string]*yaml.Node{}
	total := 0
	for i, a := range servers {
		name := a.RingName()
		if before := first[name]; before != nil {
			s.fail(at[i], "server %q has the name %q, as the one in line %d: give one of them another name behind "+
				"its weight, or leave it out",
				at[i].Value, name, before.Line)
		} else {
			first[name] = at[i]
		}
		if total += a.Weight; total > maxNumber && total-a.Weight <= maxNumber {
			s.fail(at[i], "server %q takes the sum of the weights over %d: write smaller weights", at[i].Value,
				maxNumber)
		}
	}
}

// checkCopies refuses a server that has two names in a pool with backups. Both copies of a key could be on it, and
// its outages would be known under one of the names only.
func (s *section) checkCopies() {
	if len(s.pool.Backups) == 0 {
		return
	}
	first, at := map[string]*yaml.Node{}, slices.Concat(s.serversAt, s.backupAt)
	for i, a := range slices.Concat(s.pool.Servers, s.pool.Backups) {
		if before := first[identity(a)]; before != nil {
			s.fail(at[i], "server %q is already in line %d: in a pool with backups name each server once",
				at[i].Value, before.Line)
			continue
		}
		first[identity(a)] = at[i]
	}
}

// checkLoops refuses a server whose address is that of the pool itself.
func (s *section) checkLoops(servers []Address, at []*yaml.Node) {
	for i, a := range servers {
		if s.listenAt != nil && slices.ContainsFunc(s.pool.Listen, func(l Listen) bool { return l.reaches(a) }) {
			s.fail(at[i], "server %q is where this pool itself listens: change listen, or write the server's real "+
				"port", at[i].Value)
		}
	}
}

// together finds errors that concern several pools.
func (f *file) together(sections []*section) {
	f.apart(sections)
	names, listens := map[string]*section{}, map[string]occupied{}
	for _, s := range sections {
		if before := names[s.pool.Name]; before != nil {
			f.fail(s.name, "pool %q is already in line %d: give it another name", s.pool.Name, before.name.Line)
		} else {
			names[s.pool.Name] = s
		}
		if s.listenAt == nil {
			continue
		}
		for i, l := range s.pool.Listen {
			at := s.listenAt
			if i > 0 {
				at = s.tlsListenAt
			}
			place := l.identity()
			if before, taken := listens[place]; taken {
				f.fail(at, "listen %q is where pool %q listens, in line %d: choose another port",
					at.Value, before.pool, before.at.Line)
			} else {
				listens[place] = occupied{s.pool.Name, at}
			}
		}
	}
}

// apart refuses a server that another pool has as well, if either has second copies or values in memory. A pool does
// not know what is written, or flushed by a repair, through another one: copies would differ, and keys would be lost.
func (f *file) apart(sections []*section) {
	all := map[string][]placed{}
	for _, s := range sections {
		at := slices.Concat(s.serversAt, s.backupAt)
		for i, a := range slices.Concat(s.pool.Servers, s.pool.Backups) {
			id := identity(a)
			j := slices.IndexFunc(all[id], s.excludes)
			if j < 0 {
				all[id] = append(all[id], placed{s, at[i]})
				continue
			}
			f.fail(at[i], "server %q is also in pool %q, in line %d: a pool with backups or hot_cache does not share "+
				"its servers; give each pool servers of its own, or have the clients of both use one pool",
				at[i].Value, all[id][j].s.pool.Name, all[id][j].at.Line)
		}
	}
}

// placed is a server of a pool.
type placed struct {
	s  *section
	at *yaml.Node
}

// excludes reports whether a server of this pool must not be one of another pool.
func (s *section) excludes(other placed) bool {
	return other.s != s && (s.alone() || other.s.alone())
}

// alone reports whether whatever happens to the keys of the pool has to pass the pool.
func (s *section) alone() bool {
	return !s.pool.Redis && (len(s.pool.Backups) > 0 || s.pool.HotCache > 0)
}

// occupied is an address on which a pool listens.
type occupied struct {
	pool string
	at   *yaml.Node
}
