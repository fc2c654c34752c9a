package book

import (
	"cmp"
	"maps"
	"reflect"
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
// last flush_all takes effect (Entry).
func (b *Book) Void(pool string, epoch uint64, due int64) {
	if b.due == nil {
		b.due = map[string]int64{}
	}
	b.due[pool] = due
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

// Missed is what a server has missed, by all that is known. It is the caller's.
func (b *Book) Missed(server journal.Server) *journal.Missed {
	all, keys := &journal.Missed{Identity: b.identities[server]}, map[string]struct{}{}
	for _, m := range b.servers[server] {
		all.All, all.Incomplete = all.All || m.All, all.Incomplete || m.Incomplete
		all.Flushed = all.Flushed || m.All && m.Flushed
		maps.Copy(keys, b.keys[m])
	}
	if !all.All {
		all.Keys = slices.Sorted(maps.Keys(keys))
	}
	return all
}

// Entries is all that is known of a pool, as the next owner records it again.
func (b *Book) Entries(pool string) (entries []Entry) {
	return b.entries(pool, func(Source) (loop int, some bool) { return Inherited, true })
}

// Present is what an owner has recorded of a pool in its epoch, as it records it again for somebody who joins. Each of
// its loops clears its own part when that is repaired.
func (b *Book) Present(pool string, owner, epoch uint64) (entries []Entry) {
	return b.entries(pool, func(s Source) (loop int, some bool) {
		return s.Loop, s.Incarnation == owner && s.Epoch == epoch
	})
}

func (b *Book) entries(pool string, which func(Source) (loop int, some bool)) (entries []Entry) {
	for server, identity := range b.identities {
		if server.Pool == pool && identity != "" {
			entries = append(entries, Entry{Kind: Identity, Server: server, Loop: Inherited, Identity: identity})
		}
	}
	for server, sources := range b.servers {
		if server.Pool != pool {
			continue
		}
		for from, m := range sources {
			if l, some := which(from); some {
				entries = append(entries, b.said(m, Entry{Server: server, Loop: l})...)
			}
		}
	}
	slices.SortStableFunc(entries, func(x, y Entry) int {
		return cmp.Or(cmp.Compare(x.Server.Address, y.Server.Address), cmp.Compare(x.Server.Role, y.Server.Role),
			cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Loop, y.Loop), slices.Compare(x.Key, y.Key), spared(y, x))
	})
	return slices.CompactFunc(entries, func(x, y Entry) bool { return reflect.DeepEqual(x, y) })
}

// spared puts those that are not Spared behind others: of what several sources say, the last one counts.
func spared(x, y Entry) int {
	switch {
	case x.Spared == y.Spared:
		return 0
	case x.Spared:
		return 1
	}
	return -1
}

// said returns entries like e that say what one source has recorded.
func (b *Book) said(m *journal.Missed, e Entry) (entries []Entry) {
	add := func(k Kind, key []byte) {
		e.Kind, e.Key = k, key
		e.Spared = k == All && !m.Flushed
		entries = append(entries, e)
	}
	if m.All {
		add(All, nil)
	} else {
		for key := range b.keys[m] {
			add(Dirty, []byte(key))
		}
	}
	if m.Incomplete {
		add(Incomplete, nil)
	}
	return entries
}
