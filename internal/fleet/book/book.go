package book

import (
	"maps"
	"slices"

	"magent/internal/journal"
)

// Source is who has recorded something, and when.
type Source struct {
	Incarnation uint64 // of the process
	Epoch       uint64 // of its group
	Loop        int

	life int // of the book
}

// Book is what is known. It is not safe for concurrent use. The zero value is empty.
type Book struct {
	servers    map[journal.Server]map[Source]*journal.Missed
	keys       map[*journal.Missed]map[string]struct{}
	identities map[journal.Server]string
	due        map[string]int64 // by pool
	life       int              // how often the member was out of the view
}

// Reborn is called when the member was out of the view. It has missed what others have recorded meanwhile, also that
// something counts no more. So they tell all that counts again, with a Void behind it.
func (b *Book) Reborn() { b.life++ }

// Note enters what was recorded.
func (b *Book) Note(from Source, e Entry) {
	from.Loop, from.life = e.Loop, b.life
	if from.Epoch > 0 {
		b.again(e)
	}
	switch e.Kind {
	case Clean:
		b.remove(e.Server, func(s Source) bool { return s == from })
	case Repaired:
		delete(b.keys[b.servers[e.Server][from]], string(e.Key))
	case Identity:
		if b.identities == nil {
			b.identities = map[journal.Server]string{}
		}
		b.identities[e.Server] = e.Identity
	case Dirty:
		m := b.missed(e.Server, from)
		b.keys[m][string(e.Key)] = struct{}{}
	case All:
		m := b.missed(e.Server, from)
		m.All, m.Flushed = true, !e.Spared
	case Incomplete:
		b.missed(e.Server, from).Incomplete = true
	case Void:
	}
}

// again forgets what was recorded outside of a term of the group: its owner has recorded that again, and says when it
// counts no more.
func (b *Book) again(e Entry) {
	for s, m := range b.servers[e.Server] {
		if s.Epoch > 0 || s.Loop != e.Loop {
			continue
		}
		switch e.Kind {
		case Dirty:
			delete(b.keys[m], string(e.Key))
		case All:
			m.All = false
		case Incomplete:
			m.Incomplete = false
		}
	}
}

// Void forgets what was recorded of a pool before an epoch, or before the member was out of the view. due is when the
// last flush_all takes effect (Entry). Without an epoch that is all that is said: nobody has decided yet what counts.
func (b *Book) Void(pool string, epoch uint64, due int64) {
	if b.due == nil {
		b.due = map[string]int64{}
	}
	b.due[pool] = due
	if epoch == 0 {
		return
	}
	for server := range b.servers {
		if server.Pool == pool {
			b.remove(server, func(s Source) bool { return s.Epoch < epoch || s.life < b.life })
		}
	}
}

// Due is when the last flush_all of a pool takes effect, as the last Void has said.
func (b *Book) Due(pool string) int64 { return b.due[pool] }

// Rename gives servers of a pool, by their address, the roles that they have now.
func (b *Book) Rename(pool string, roles map[string]string) {
	for server, missed := range maps.Clone(b.servers) {
		if to := renamed(server, pool, roles); to != server {
			delete(b.servers, server)
			if b.servers[to] == nil {
				b.servers[to] = map[Source]*journal.Missed{}
			}
			maps.Copy(b.servers[to], missed)
		}
	}
	for server, identity := range maps.Clone(b.identities) {
		if to := renamed(server, pool, roles); to != server {
			delete(b.identities, server)
			b.identities[to] = identity
		}
	}
}

func renamed(server journal.Server, pool string, roles map[string]string) journal.Server {
	if role := roles[server.Address]; server.Pool == pool && role != "" {
		server.Role = role
	}
	return server
}

// dirty returns the keys that a server has missed, each once.
func (b *Book) dirty(server journal.Server) (keys []string) {
	if len(b.servers[server]) == 1 { // as in a term that has just begun
		for _, m := range b.servers[server] {
			return slices.AppendSeq(make([]string, 0, len(b.keys[m])), maps.Keys(b.keys[m]))
		}
	}
	some := map[string]struct{}{}
	for _, m := range b.servers[server] {
		maps.Copy(some, b.keys[m])
	}
	return slices.Collect(maps.Keys(some))
}

func (b *Book) missed(server journal.Server, from Source) *journal.Missed {
	if b.servers == nil {
		b.servers = map[journal.Server]map[Source]*journal.Missed{}
		b.keys = map[*journal.Missed]map[string]struct{}{}
	}
	if b.servers[server] == nil {
		b.servers[server] = map[Source]*journal.Missed{}
	}
	m := b.servers[server][from]
	if m == nil {
		m = &journal.Missed{}
		b.servers[server][from] = m
		b.keys[m] = map[string]struct{}{}
	}
	return m
}

func (b *Book) remove(server journal.Server, which func(Source) bool) {
	for from, m := range b.servers[server] {
		if which(from) {
			delete(b.servers[server], from)
			delete(b.keys, m)
		}
	}
	if len(b.servers[server]) == 0 {
		delete(b.servers, server)
	}
}

// Misses reports whether a server has missed anything, by all that is known.
func (b *Book) Misses(server journal.Server) bool {
	for _, m := range b.servers[server] {
		if m.All || m.Incomplete || len(b.keys[m]) > 0 {
			return true
		}
	}
	return false
}

// Missed is what a server has missed, by all that is known, with its keys in any order. It is the caller's.
func (b *Book) Missed(server journal.Server) *journal.Missed {
	all := &journal.Missed{Identity: b.identities[server]}
	for _, m := range b.servers[server] {
		all.All, all.Incomplete = all.All || m.All, all.Incomplete || m.Incomplete
		all.Flushed = all.Flushed || m.All && m.Flushed
	}
	if !all.All {
		all.Keys = b.dirty(server)
	}
	return all
}
