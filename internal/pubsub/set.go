package pubsub

import (
	"maps"
	"slices"

	"magent/resp"
)

// Set is what a client has subscribed to. The zero value is empty.
type Set struct {
	names [kinds]map[string][]int // the servers at which each name is subscribed to; there is at least one
	uses  map[int]int             // by server: how many names are subscribed to there; at least one
	size  int                     // bytes of the names, and nameSize for each
}

// MaxSize bounds what a client may have subscribed to: the bytes of all names, and nameSize for each.
const (
	MaxSize  = 32 << 20
	nameSize = 128
)

// sizeOf returns what a name counts.
func sizeOf(name string) int { return nameSize + len(name) }

// Len returns the number of all subscriptions.
func (s *Set) Len() (n int) {
	for k := range s.names {
		n += len(s.names[k])
	}
	return n
}

// count returns the number that a confirmation tells: of the shard channels, or of everything else.
func (s *Set) count(k Kind) int {
	if k == Shard {
		return len(s.names[Shard])
	}
	return len(s.names[Channel]) + len(s.names[Pattern])
}

// Has reports whether a name is subscribed to.
func (s *Set) Has(k Kind, name []byte) bool { return s.names[k][string(name)] != nil }

// Wants reports whether a message is for something that is subscribed to.
func (s *Set) Wants(message []byte) bool {
	word, name, ok := resp.Message(message)
	return ok && s.Has(OfMessage(word), name)
}

// Uses reports whether anything is subscribed to at a server.
func (s *Set) Uses(server int) bool { return s.uses[server] > 0 }

// Misplaced reports whether anything is not subscribed to where it should be now. serversOf returns the servers of a
// name.
func (s *Set) Misplaced(serversOf func(k Kind, name []byte) []int) bool {
	for k := range s.names {
		for name, at := range s.names[k] {
			if !slices.Equal(at, serversOf(Kind(k), []byte(name))) {
				return true
			}
		}
	}
	return false
}

// sorted returns the names of a kind.
func (s *Set) sorted(k Kind) []string { return slices.Sorted(maps.Keys(s.names[k])) }

// add subscribes to a name at servers, unless that has happened already.
func (s *Set) add(k Kind, name string, servers []int) {
	if s.names[k][name] != nil {
		return
	}
	if s.names[k] == nil {
		s.names[k] = map[string][]int{}
	}
	if s.uses == nil {
		s.uses = map[int]int{}
	}
	s.names[k][name] = servers
	s.size += sizeOf(name)
	for _, server := range servers {
		s.uses[server]++
	}
}

// remove ends a subscription, if there is one.
func (s *Set) remove(k Kind, name string) {
	servers := s.names[k][name]
	if servers == nil {
		return
	}
	delete(s.names[k], name)
	s.size -= sizeOf(name)
	for _, server := range servers {
		if s.uses[server]--; s.uses[server] == 0 {
			delete(s.uses, server)
		}
	}
}
