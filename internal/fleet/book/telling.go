package book

import (
	"cmp"
	"maps"
	"slices"

	"magent/internal/journal"
)

// Telling is what is known of a pool, to be recorded again piece by piece: a server may have missed so many keys that
// all of them at once take longer than a lease. What is learned meanwhile is not part of it. What counts no more when
// its turn comes is left out.
type Telling struct {
	b       *Book
	which   func(Source) (loop int, some bool)
	servers []journal.Server // whose turn comes yet
	parts   []part           // of the server whose turn it is
}

// part is what a loop has recorded of a server, by whatever sources.
type part struct {
	server journal.Server
	loop   int
	begun  bool     // all but the keys was told
	keys   []string // in any order, one perhaps more than once
}

// Entries is all that is known of a pool, as the next owner records it again.
func (b *Book) Entries(pool string) *Telling {
	return b.telling(pool, func(Source) (loop int, some bool) { return Inherited, true })
}

// Present is what an owner has recorded of a pool in its epoch, as it records it again for somebody who joins. Each of
// its loops clears its own part when that is repaired.
func (b *Book) Present(pool string, owner, epoch uint64) *Telling {
	return b.telling(pool, func(s Source) (loop int, some bool) {
		return s.Loop, s.Incarnation == owner && s.Epoch == epoch
	})
}

func (b *Book) telling(pool string, which func(Source) (loop int, some bool)) *Telling {
	servers := map[journal.Server]struct{}{}
	for server := range b.servers {
		servers[server] = struct{}{}
	}
	for server := range b.identities {
		servers[server] = struct{}{}
	}
	t := &Telling{b: b, which: which}
	for server := range servers {
		if server.Pool == pool {
			t.servers = append(t.servers, server)
		}
	}
	slices.SortFunc(t.servers, func(x, y journal.Server) int {
		return cmp.Or(cmp.Compare(x.Address, y.Address), cmp.Compare(x.Role, y.Role))
	})
	return t
}

// Next returns what comes next, some more entries than limit at most. Empty: that was all.
func (t *Telling) Next(limit int) (entries []Entry) {
	for len(entries) < limit {
		if len(t.parts) == 0 {
			if len(t.servers) == 0 {
				return entries
			}
			t.parts, t.servers = t.b.parts(t.servers[0], t.which), t.servers[1:]
			continue
		}
		p := &t.parts[0]
		if !p.begun {
			entries, p.begun = append(entries, t.said(p)...), true
		}
		n := min(limit, len(p.keys))
		for _, key := range p.keys[:n] {
			if t.counts(p, key) {
				entries = append(entries, Entry{Kind: Dirty, Server: p.server, Loop: p.loop, Key: []byte(key)})
			}
		}
		if p.keys = p.keys[n:]; len(p.keys) == 0 {
			t.parts = t.parts[1:]
		}
	}
	return entries
}

// counts tells whether a key that was dirty when the part was made is dirty still.
func (t *Telling) counts(p *part, key string) bool {
	for from, m := range t.b.servers[p.server] {
		if l, some := t.which(from); some && l == p.loop {
			if _, dirty := t.b.keys[m][key]; dirty {
				return true
			}
		}
	}
	return false
}

// said is what is known beside the keys, as of now.
func (t *Telling) said(p *part) (entries []Entry) {
	all := journal.Missed{}
	for from, m := range t.b.servers[p.server] {
		if l, some := t.which(from); some && l == p.loop {
			all.All, all.Incomplete = all.All || m.All, all.Incomplete || m.Incomplete
			all.Flushed = all.Flushed || m.All && m.Flushed
		}
	}
	if all.All {
		entries = append(entries, Entry{Kind: All, Server: p.server, Loop: p.loop, Spared: !all.Flushed})
	}
	if all.Incomplete {
		entries = append(entries, Entry{Kind: Incomplete, Server: p.server, Loop: p.loop})
	}
	if identity := t.b.identities[p.server]; identity != "" && p.loop == Inherited {
		entries = append(entries, Entry{Kind: Identity, Server: p.server, Loop: Inherited, Identity: identity})
	}
	return entries
}

// parts is what is known of a server, as of now.
func (b *Book) parts(server journal.Server, which func(Source) (loop int, some bool)) (parts []part) {
	keys := map[int][]string{Inherited: nil} // which says who the server is
	for from, m := range b.servers[server] {
		if l, some := which(from); some {
			known := b.keys[m]
			if m.All {
				known = nil
			}
			keys[l] = slices.AppendSeq(keys[l], maps.Keys(known))
		}
	}
	for _, l := range slices.Sorted(maps.Keys(keys)) {
		parts = append(parts, part{server: server, loop: l, keys: keys[l]})
	}
	return parts
}
