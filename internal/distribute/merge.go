package distribute

import (
	"bytes"
	"math"
	"strings"
	"unsafe"

	"magent/backend"
	"magent/internal/call"
	"magent/internal/loop"
	"magent/resp"
)

// fanout is the part of a Call that is needed for a command to several servers: its parts and the replies to them.
// It stays with its Call for the next use.
type fanout struct {
	merge   mergeFunc
	ordered bool         // the answer has the elements of the replies in the order of the keys: MGET
	partial bool         // the answer is made of what replies there are
	keys    int          // the number of keys; 0: every server got the whole command
	owner   []uint16     // by key: its part
	server  []int        // by part: the server that gets it
	size    []int        // by part: the number of its keys
	replies [][]byte     // by part: the reply; empty: there is none
	owners  []loop.Owner // by part: who keeps the reply, and is held; nil: the reply is a copy
	failed  []byte       // the error line of the first part that failed, without its line end; empty: none failed
	missing int          // the number of keys in the parts that failed
	cursors [][]byte     // by part, in a merge: the rest of its reply

	at   []*backend.Conn // by part: the connection to the replica that gets it; nil: its server does. Empty: none
	sent [][]byte        // by part: what the replica got
}

// mergeFunc appends the answer to a command to dst. It is made from the replies to the parts, none of which is an
// error. ok is false if the replies do not have the form that the command requires.
type mergeFunc func(dst []byte, m *fanout) (answer []byte, ok bool)

// memory returns how many bytes of memory m and its buffers hold.
func (m *fanout) memory() int {
	return int(unsafe.Sizeof(*m)) + 2*cap(m.owner) + 8*cap(m.server) + 8*cap(m.size) + cap(m.failed) +
		8*cap(m.at) + 16*cap(m.owners) + call.SizeOf(m.replies) + call.SizeOf(m.sent)
}

// reset empties m but keeps its buffers, except large ones.
func (m *fanout) reset() {
	for i, b := range m.replies {
		m.replies[i] = call.Trim(b)
	}
	for i, b := range m.sent {
		m.sent[i] = call.Trim(b)
	}
	for i, owner := range m.owners {
		if owner != nil {
			m.replies[i] = nil
			owner.Release()
		}
	}
	clear(m.owners)
	clear(m.cursors)
	clear(m.at)
	*m = fanout{
		at: m.at[:0], sent: m.sent,
		owner: m.owner[:0], server: m.server[:0], size: m.size[:0], replies: m.replies[:0], owners: m.owners[:0],
		failed: m.failed[:0], cursors: m.cursors[:0],
	}
}

// part adds a part for a server and returns its number.
func (m *fanout) part(server int) uint16 {
	m.server, m.size, m.owners = append(m.server, server), append(m.size, 0), append(m.owners, nil)
	if n := len(m.replies); n < cap(m.replies) {
		m.replies = m.replies[:n+1] // the buffer of an earlier use
		m.replies[n] = m.replies[n][:0]
	} else {
		m.replies = append(m.replies, nil)
	}
	return uint16(len(m.server) - 1)
}

// replica returns the connection to the replica that gets a part; nil: its server does.
func (m *fanout) replica(part uint16) *backend.Conn {
	if int(part) >= len(m.at) {
		return nil
	}
	return m.at[part]
}

// keepPart keeps a part that a replica gets, so that it can be sent to the master.
func (m *fanout) keepPart(part uint16, raw []byte) {
	for len(m.sent) <= int(part) {
		m.sent = append(m.sent, nil)
	}
	m.sent[part] = append(m.sent[part][:0], raw...)
}

// mergerOf returns the function that merges the replies to a command that is split by key.
func mergerOf(route resp.Route) mergeFunc {
	switch route {
	case resp.RouteMGet:
		return mergeInOrder
	case resp.RouteMSet:
		return mergeFirst
	}
	return mergeSum
}

// mergerOfAll returns the function that merges the replies of all servers to r.
func mergerOfAll(r *resp.Request) mergeFunc {
	switch r.Command.Route {
	case resp.RouteSumAll:
		return mergeSum
	case resp.RouteConcat:
		return mergeConcat
	case resp.RouteScript:
		if bytes.EqualFold(r.Args[1], []byte("exists")) {
			return mergeAll
		}
	case resp.RoutePubSub:
		return mergerOfPubSub(strings.ToLower(string(r.Args[1])))
	}
	return mergeFirst
}

// mergeInOrder takes the elements of the replies in the order of the keys: MGET.
func mergeInOrder(dst []byte, m *fanout) ([]byte, bool) {
	if !m.beginInOrder() {
		return dst, false
	}
	dst = resp.AppendArray(dst, m.keys)
	for _, part := range m.owner {
		element, rest := resp.NextElement(m.cursors[part])
		dst = append(dst, element...)
		m.cursors[part] = rest
	}
	clear(m.cursors)
	return dst, true
}

// beginInOrder sets the cursors to the first elements. It reports false if a reply has not as many as its part has
// keys.
func (m *fanout) beginInOrder() bool {
	for i, reply := range m.replies {
		n, elements, ok := resp.ArrayLen(reply)
		if !ok || n != m.size[i] {
			return false
		}
		m.cursors = append(m.cursors, elements)
	}
	return true
}

// mergeFirst returns the first reply, because all are the same: +OK, or the hash of a script.
func mergeFirst(dst []byte, m *fanout) ([]byte, bool) {
	return append(dst, m.replies[0]...), true
}

// mergeSum returns the sum of integers.
func mergeSum(dst []byte, m *fanout) ([]byte, bool) {
	sum := int64(0)
	for _, reply := range m.replies {
		n, ok := resp.Integer(reply)
		if !ok || n > math.MaxInt64-max(sum, 0) {
			return dst, false
		}
		sum += n
	}
	return resp.AppendInt(dst, sum), true
}

// mergeConcat concatenates arrays: KEYS.
func mergeConcat(dst []byte, m *fanout) ([]byte, bool) {
	sum := 0
	for _, reply := range m.replies {
		n, elements, ok := resp.ArrayLen(reply)
		if !ok || n < 0 {
			return dst, false
		}
		sum += n
		m.cursors = append(m.cursors, elements)
	}
	dst = resp.AppendArray(dst, sum)
	for _, elements := range m.cursors {
		dst = append(dst, elements...)
	}
	clear(m.cursors)
	return dst, true
}

// mergeAll returns 1 for each element that is 1 in all replies, else 0: SCRIPT EXISTS.
func mergeAll(dst []byte, m *fanout) ([]byte, bool) {
	var all []bool
	for i, reply := range m.replies {
		n, rest, ok := resp.ArrayLen(reply)
		if !ok || n < 0 || i > 0 && n != len(all) {
			return dst, false
		}
		for at := range n {
			var element []byte
			element, rest = resp.NextElement(rest)
			has, _ := resp.Integer(element)
			if i == 0 {
				all = append(all, has == 1)
			}
			all[at] = all[at] && has == 1
		}
	}
	dst = resp.AppendArray(dst, len(all))
	for _, has := range all {
		if has {
			dst = resp.AppendInt(dst, 1)
		} else {
			dst = resp.AppendInt(dst, 0)
		}
	}
	return dst, true
}

// mergerOfPubSub returns the function that merges the replies to a subcommand of PUBSUB. A channel is on one server,
// but patterns, and the channels of keyspace events, are on all of them.
func mergerOfPubSub(sub string) mergeFunc {
	switch sub {
	case "channels", "shardchannels":
		return mergeDistinct
	case "numsub", "shardnumsub", "numpat":
		return mergeMost
	}
	return mergeFirst
}

// mergeDistinct returns the elements of all arrays, each once.
func mergeDistinct(dst []byte, m *fanout) ([]byte, bool) {
	seen := map[string]bool{}
	var all []byte
	for _, reply := range m.replies {
		n, rest, ok := resp.ArrayLen(reply)
		if !ok {
			return dst, false
		}
		for range n {
			var element []byte
			element, rest = resp.NextElement(rest)
			if !seen[string(element)] {
				seen[string(element)] = true
				all = append(all, element...)
			}
		}
	}
	return append(resp.AppendArray(dst, len(seen)), all...), true
}

// mergeMost returns the greatest of the integers. Of arrays that begin alike it does so for each element.
func mergeMost(dst []byte, m *fanout) ([]byte, bool) {
	if _, isNumber := resp.Integer(m.replies[0]); isNumber {
		return appendMost(dst, m.replies)
	}
	n, _, ok := resp.ArrayLen(m.replies[0])
	dst = resp.AppendArray(dst, n)
	for _, reply := range m.replies {
		size, elements, isArray := resp.ArrayLen(reply)
		ok = ok && isArray && size == n
		m.cursors = append(m.cursors, elements)
	}
	elements := make([][]byte, len(m.cursors))
	for i := 0; i < n && ok; i++ {
		for part, rest := range m.cursors {
			elements[part], m.cursors[part] = resp.NextElement(rest)
		}
		if _, isNumber := resp.Integer(elements[0]); isNumber {
			dst, ok = appendMost(dst, elements)
		} else {
			dst = append(dst, elements[0]...)
		}
	}
	clear(m.cursors)
	return dst, ok
}

// appendMost appends the greatest of the integers.
func appendMost(dst []byte, replies [][]byte) ([]byte, bool) {
	most := int64(0)
	for _, reply := range replies {
		n, ok := resp.Integer(reply)
		if !ok {
			return dst, false
		}
		most = max(most, n)
	}
	return resp.AppendInt(dst, most), true
}
