package distribute

import (
	"bytes"
	"math"
	"strconv"

	"magent/ascii"
	"magent/internal/call"
	"magent/resp"
)

// This file has the commands that concern all keys. Those that are sent to all servers need all servers to be up. If
// one missed a FLUSHALL, its keys would come back; and without it a list of keys would look complete but not be.

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
	}
	return mergeFirst
}

// mergeConcat concatenates arrays: KEYS.
func mergeConcat(dst []byte, m *gathering) ([]byte, bool) {
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
func mergeAll(dst []byte, m *gathering) ([]byte, bool) {
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

// search is the state of a command that is sent to one server after the other.
type search struct {
	raw  []byte // the command
	left int    // the number of servers that have not been asked
}

// seek carries out a command that any server can. Servers take turns. RANDOMKEY goes on to the next server as long as
// there is no key.
func (e *Engine) seek(c *Call, r *resp.Request) {
	c.plan = planSeek
	c.search.left, c.search.raw = e.NumPrimaries, append(c.search.raw[:0], r.Raw...)
	e.turn = (e.turn + 1) % e.NumPrimaries
	c.server = e.turn
	c.seekOn()
}

// seekOn asks the next server that is up.
func (c *Call) seekOn() {
	for ; c.search.left > 0 && c.plan.elsewhere().Allows(false); c.search.left-- {
		c.server = (c.server + 1) % c.e.NumPrimaries
		if !c.NoRoomAt(call.Lead, c.server) && c.Send(c.server, call.Lead, nil, c.search.raw, ascii.ShapeLine) {
			c.search.left--
			return
		}
	}
	c.fail()
}

// onSought handles the reply to a command of seek.
func (c *Call) onSought(r *ascii.Reply) {
	value, isBulk := resp.Bulk(r.Raw)
	switch {
	case r.Kind == ascii.Lost:
		c.fail() // the command was sent, so no other server may be asked (plan.elsewhere)
	case isBulk && value == nil && c.search.left > 0:
		c.Held = append(c.Held[:0], r.Raw...)
		c.seekOn()
	default:
		c.Finish(r.Raw)
	}
}

// cursor is the position of a SCAN. The client's cursor is the one of a server, times the number of servers, plus the
// index of the server. So it means the same in every proxy of the pool, and after a restart.
type cursor struct {
	server uint64 // the index of the server
	all    uint64 // the number of servers
}

// scan asks the server that the cursor names.
func (e *Engine) scan(c *Call, r *resp.Request) {
	c.plan = planScan
	at, err := strconv.ParseUint(string(r.Args[1]), 10, 64)
	if err != nil {
		c.Finish(resp.AppendError(e.line[:0], "ERR invalid cursor"))
		return
	}
	n := uint64(e.NumPrimaries)
	c.cursor = cursor{at % n, n}
	c.server = int(at % n)
	e.line = resp.AppendBulk(resp.AppendArray(e.line[:0], len(r.Args)), r.Args[0])
	e.line = resp.AppendBulk(e.line, strconv.AppendUint(nil, at/n, 10))
	for _, arg := range r.Args[2:] {
		e.line = resp.AppendBulk(e.line, arg)
	}
	if c.NoRoomAt(call.Lead, c.server) || !c.Send(c.server, call.Lead, nil, e.line, ascii.ShapeLine) {
		c.fail()
	}
	e.line = call.Trim(e.line)
}

// onScanned answers a SCAN with the keys of the reply and the client's next cursor. If this server has no more keys,
// that is the beginning of the next server.
func (c *Call) onScanned(r *ascii.Reply) {
	if r.Kind == ascii.Lost {
		c.fail()
		return
	}
	n, elements, ok := resp.ArrayLen(r.Raw)
	element, keys := resp.NextElement(elements)
	text, _ := resp.Bulk(element)
	inner, err := strconv.ParseUint(string(text), 10, 64)
	if !ok || n != 2 || err != nil {
		c.Finish(r.Raw) // an error line
		return
	}
	next, ok := c.cursor.next(inner)
	if !ok {
		c.Held = resp.AppendError(c.Held[:0], "ERR the server's cursor is too large for SCAN over several servers")
	} else {
		c.Held = resp.AppendBulk(resp.AppendArray(c.Held[:0], 2), strconv.AppendUint(nil, next, 10))
		c.Held = append(c.Held, keys...)
	}
	c.Finish(c.Held)
}

// next returns the client's next cursor, given the one that the server has returned. 0 is the end. ok is false if the
// result does not fit into 64 bits.
func (s cursor) next(inner uint64) (next uint64, ok bool) {
	switch {
	case inner == 0 && s.server+1 == s.all:
		return 0, true
	case inner == 0:
		return s.server + 1, true
	case inner > (math.MaxUint64-s.server)/s.all:
		return 0, false
	}
	return inner*s.all + s.server, true
}
