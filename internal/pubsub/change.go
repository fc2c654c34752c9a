package pubsub

import (
	"bytes"
	"slices"

	"magent/resp"
)

// Change is one command that subscribes or ends subscriptions, from when it came until it is answered. Each server
// that it concerns is asked for one name at a time (Requests), and tells what has become of that (Replied). The client
// is answered when no reply is missing (Answer). If a server has refused a name, nothing is left of the command: what
// others have carried out is undone first (Undo).
type Change struct {
	set     *Set
	kind    Kind
	adds    bool
	names   []string         // of the command, in its order; the same name may be there several times
	where   map[string][]int // of the names that servers are asked for: which ones
	servers []int            // that are asked, in the order in which they come up
	awaited map[int][]string // by server: the names to whose requests the reply is missing, in order
	missing int              // replies
	done    map[int][]string // by server: the names that were carried out
	refusal []byte           // the first error of a server; nil: there was none
	undoing bool             // the replies that are missing are to requests that undo others
}

// Begin returns a change of s by a command of this kind and with these names, which it copies. Without names it is for
// all that s has of the kind. serversOf returns the servers of a name, in order, at least one; it is not kept. ok is
// false if that would be more than a client may have.
func (s *Set) Begin(k Kind, adds bool, names [][]byte, serversOf func(k Kind, name []byte) []int) (
	ch *Change, ok bool,
) {
	ch = &Change{set: s, kind: k, adds: adds, where: map[string][]int{}, awaited: map[int][]string{}}
	if ch.names = s.sorted(k); len(names) > 0 {
		ch.names = make([]string, len(names))
		for i, name := range names {
			ch.names[i] = string(name)
		}
	}
	size := s.size
	for _, name := range ch.names {
		at, known := s.names[k][name]
		if known == adds || ch.where[name] != nil {
			continue
		}
		if adds {
			at = serversOf(k, []byte(name))
			size += sizeOf(name)
		}
		ch.where[name] = at
		for _, server := range at {
			ch.await(server, name)
		}
	}
	return ch, size <= MaxSize
}

// await notes that a server is asked for a name.
func (ch *Change) await(server int, name string) {
	if !slices.Contains(ch.servers, server) {
		ch.servers = append(ch.servers, server)
	}
	ch.awaited[server] = append(ch.awaited[server], name)
	ch.missing++
}

// Adds reports whether the command subscribes.
func (ch *Change) Adds() bool { return ch.adds }

// Servers returns the servers that are asked.
func (ch *Change) Servers() []int { return ch.servers }

// Requests calls send for each request to a server, in the order in which the replies come. request is valid during
// the call. There is one for each name, because a server that refuses one of several names answers only once.
func (ch *Change) Requests(server int, send func(request []byte)) {
	var line []byte
	for _, name := range ch.awaited[server] {
		line = resp.AppendCommand(line[:0], ch.kind.command(ch.adds != ch.undoing), name)
		send(line)
	}
}

// Replied takes the reply of a server to the first request that it has not answered.
func (ch *Change) Replied(server int, reply []byte) {
	name := ch.awaited[server][0]
	ch.awaited[server] = ch.awaited[server][1:]
	ch.missing--
	switch {
	case !resp.IsError(reply):
		if ch.done == nil {
			ch.done = map[int][]string{}
		}
		ch.done[server] = append(ch.done[server], name)
	case ch.refusal == nil:
		ch.refusal = bytes.Clone(reply)
	}
}

// Waits reports whether replies are missing.
func (ch *Change) Waits() bool { return ch.missing > 0 }

// Owes reports whether replies of a server are missing.
func (ch *Change) Owes(server int) bool { return len(ch.awaited[server]) > 0 }

// Undo begins to undo what was carried out if a server has refused something. It reports whether there are requests
// for that now. No reply must be missing. What was ended stays ended.
func (ch *Change) Undo() bool {
	if ch.refusal == nil || !ch.adds || ch.undoing {
		return false
	}
	ch.undoing = true
	done := ch.done
	ch.done = nil
	servers := ch.servers
	ch.servers = nil
	for _, server := range servers {
		for _, name := range done[server] {
			ch.await(server, name)
		}
	}
	return ch.Waits()
}

// Answer changes the set, and appends the answer to the client: a confirmation for each name, in the form of the
// client's version of the protocol, or the first error. No reply must be missing.
func (ch *Change) Answer(dst []byte, p resp.Proto) []byte {
	if ch.refusal != nil {
		return append(dst, ch.refusal...)
	}
	word := ch.kind.command(ch.adds)
	for _, name := range ch.names {
		if ch.adds {
			ch.set.add(ch.kind, name, ch.where[name])
		} else {
			ch.set.remove(ch.kind, name)
		}
		dst = resp.AppendBulkString(resp.AppendBulkString(p.AppendPush(dst, 3), word), name)
		dst = resp.AppendInt(dst, int64(ch.set.count(ch.kind)))
	}
	if len(ch.names) == 0 {
		dst = p.AppendNull(resp.AppendBulkString(p.AppendPush(dst, 3), word))
		dst = resp.AppendInt(dst, int64(ch.set.count(ch.kind)))
	}
	return dst
}
