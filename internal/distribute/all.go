package distribute

import (
	"bytes"
	"strconv"

	"magent/ascii"
	"magent/backend"
	"magent/internal/call"
	"magent/resp"
)

// This file has the commands that concern all keys. Those that are sent to all servers need all servers to be up. If
// one missed a FLUSHALL, its keys would come back; and without it a list of keys would look complete but not be.

// seek carries out a command that any server can. Servers take turns. RANDOMKEY goes on to the next server as long as
// there is no key.
func (e *Engine) seek(c *Call, r *resp.Request) {
	c.plan = planSeek
	c.search.left, c.search.raw = e.NumPrimaries, append(c.search.raw[:0], r.Raw...)
	e.turn = (e.turn + 1) % e.NumPrimaries
	c.server = e.turn
	c.seekOn()
}

// Ask has a server answer a command that changes nothing, whichever it is: the one with index first, or those behind
// it if that is lost.
func (e *Engine) Ask(c *Call, first int, raw []byte) {
	c.Begin()
	c.plan = planAsk
	c.search.left, c.search.raw = e.NumPrimaries, append(c.search.raw[:0], raw...)
	c.server = first - 1
	if e.Retired {
		c.Finish(goneLine)
	} else {
		c.seekOn()
	}
	c.End()
	c.recycle()
}

// AskOn is Ask on a connection of the client's own to a server.
func (e *Engine) AskOn(c *Call, conn *backend.Conn, server int, raw []byte) {
	c.Via(conn)
	c.Begin()
	c.plan, c.server = planCommand, server
	if !c.Send(server, call.Lead, nil, raw, ascii.ShapeLine) {
		c.fail()
	}
	c.End()
	c.recycle()
}

// seekOn asks the next server that is up. If none is, it asks the next that can be connected to.
func (c *Call) seekOn() {
	some := c.e.someUsable()
	for ; c.search.left > 0 && c.plan.elsewhere().Allows(false); c.search.left-- {
		c.server = (c.server + 1) % c.e.NumPrimaries
		if some && !c.e.Health.Usable(c.server) {
			continue
		}
		if !c.NoRoomAt(call.Lead, c.server) && c.Send(c.server, call.Lead, nil, c.search.raw, ascii.ShapeLine) {
			c.search.left--
			return
		}
	}
	c.fail()
}

// someUsable reports whether any server is usable.
func (e *Engine) someUsable() bool {
	for i := range e.NumPrimaries {
		if e.Health.Usable(i) {
			return true
		}
	}
	return false
}

// onSought handles the reply to a command of seek, or of Ask.
func (c *Call) onSought(r *ascii.Reply) {
	value, isBulk := resp.Bulk(r.Raw)
	switch {
	case r.Kind == ascii.Lost && c.plan.elsewhere().Allows(true) && c.search.left > 0:
		c.seekOn()
	case r.Kind == ascii.Lost:
		c.fail()
	case isBulk && value == nil && c.search.left > 0:
		c.Held = append(c.Held[:0], r.Raw...)
		c.seekOn()
	default:
		c.Finish(r.Raw)
	}
}

// scan asks the server that the cursor names.
func (e *Engine) scan(c *Call, r *resp.Request) {
	c.plan = planScan
	at, err := strconv.ParseUint(string(bytes.TrimPrefix(r.Args[1], []byte("+"))), 10, 64) // as Redis reads it
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
