package distribute

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"magent/ascii"
	"magent/internal/call"
	"magent/resp"
)

// Keyspace answers c with the section Keyspace of INFO, as a bulk string: what all servers that can be asked have in
// each database. It does not fail. If servers are missing, the last line says how many.
func (e *Engine) Keyspace(c *Call) {
	c.Begin()
	m := c.fanOut(mergeKeyspace)
	m.partial = true
	for server := range e.NumPrimaries {
		m.part(server)
	}
	e.line = resp.AppendCommand(e.line[:0], "INFO", "keyspace")
	for server := range e.NumPrimaries {
		if !e.Retired && e.Health.Usable(server) && !c.NoRoomAt(call.Lead, server) {
			c.Send(server, uint16(server), nil, e.line, ascii.ShapeLine)
		}
	}
	c.checkFanout()
	c.End()
	c.recycle()
}

// AnswerNow answers c, a Keyspace that is still waiting for servers, with what they have told so far.
func (c *Call) AnswerNow() {
	if c.Answered() {
		return
	}
	c.Begin()
	c.Held, _ = c.parts.merge(c.Held[:0], c.parts)
	c.Finish(c.Held)
	c.End()
	c.recycle()
}

// keyspace is what servers have in one database.
type keyspace struct {
	db            uint64
	keys, expires uint64
	ttl           uint64 // average, in milliseconds
}

// add adds what another server has.
func (k *keyspace) add(o keyspace) {
	if all := k.expires + o.expires; all > 0 {
		k.ttl = (k.ttl*k.expires + o.ttl*o.expires) / all
	}
	k.keys += o.keys
	k.expires += o.expires
}

// mergeKeyspace adds up the servers' databases.
func mergeKeyspace(dst []byte, m *fanout) ([]byte, bool) {
	var all []keyspace
	missing := 0
	for _, reply := range m.replies {
		text, ok := resp.Bulk(reply)
		if !ok { // it was not asked, or has not answered
			missing++
		}
		for line := range bytes.Lines(text) {
			k, ok := readKeyspace(line)
			if !ok {
				continue
			}
			if i := slices.IndexFunc(all, func(a keyspace) bool { return a.db == k.db }); i >= 0 {
				all[i].add(k)
			} else {
				all = append(all, k)
			}
		}
	}
	slices.SortFunc(all, func(a, b keyspace) int { return cmp.Compare(a.db, b.db) })
	var text []byte
	for _, k := range all {
		text = fmt.Appendf(text, "db%d:keys=%d,expires=%d,avg_ttl=%d\r\n", k.db, k.keys, k.expires, k.ttl)
	}
	if missing > 0 {
		text = fmt.Appendf(text, "servers_missing:%d\r\n", missing)
	}
	return resp.AppendBulk(dst, text), true
}

// readKeyspace reads a line such as db0:keys=3,expires=1,avg_ttl=1000. What else stands there is ignored.
func readKeyspace(line []byte) (k keyspace, ok bool) {
	name, rest, _ := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
	number, found := bytes.CutPrefix(name, []byte("db"))
	var err error
	if k.db, err = strconv.ParseUint(string(number), 10, 32); !found || err != nil {
		return k, false
	}
	for _, field := range bytes.Split(rest, []byte(",")) {
		name, value, _ := bytes.Cut(field, []byte("="))
		n, err := strconv.ParseUint(string(value), 10, 62)
		if err != nil {
			continue
		}
		switch string(name) {
		case "keys":
			k.keys = n
		case "expires":
			k.expires = n
		case "avg_ttl":
			k.ttl = n
		}
	}
	return k, true
}
