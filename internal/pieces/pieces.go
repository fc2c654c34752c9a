// Package pieces carries out a multi-get of many keys in pieces. So a client that asks for a thousand large values is
// held back like one that asks for them singly.
package pieces

import (
	"bytes"

	"magent/ascii"
	"magent/internal/call"
	"magent/replicate/decide"
)

// Get is such a multi-get, from its first piece to the last answer. If the next one of the client begins before that,
// they share it. A nil Get has ended.
type Get struct {
	op      ascii.Op
	exptime int64
	keys    []byte // those that are not asked for yet; nil: all are asked for
	line    []byte // scratch: the request for a piece

	pending int          // pieces without an answer
	size    int          // bytes of the largest reply to a piece since keys were set; 0: none has come
	shown   decide.Shown // of the multi-get whose answers are due
}

// Begin takes the keys of r. All keys of the multi-get before were asked for.
func (g *Get) Begin(r *ascii.Request) {
	g.op, g.exptime, g.keys, g.size = r.Op, r.Exptime, bytes.Clone(r.Keys), 0
}

// Asks reports whether there are keys that were not asked for yet.
func (g *Get) Asks() bool { return g != nil && g.keys != nil }

// Pending returns how many pieces have no answer yet.
func (g *Get) Pending() int {
	if g == nil {
		return 0
	}
	return g.pending
}

// Ended reports whether all keys were asked for, and all pieces are answered.
func (g *Get) Ended() bool { return g.Pending() == 0 && !g.Asks() }

// Drop gives up the keys that were not asked for yet.
func (g *Get) Drop() {
	if g != nil {
		g.keys = nil
	}
}

// Full reports whether the next piece has to wait. The second piece waits until the size of the first is known. Later
// ones wait until the replies that are due have probably less than limit bytes.
func (g *Get) Full(limit int) bool {
	return g.Pending() > 0 && (g.size == 0 || g.pending*g.size >= limit)
}

// Next returns the request for up to so many keys, and whether more follow. line is valid until the next call.
func (g *Get) Next(keys int) (line []byte, part call.Part) {
	g.line, part = ascii.AppendRetrieval(g.line[:0], g.op, g.exptime), call.Last
	for n := 0; ; n++ {
		key, rest := ascii.NextKey(g.keys)
		if len(key) == 0 {
			g.keys = nil
			break
		}
		if n == keys {
			part = call.Piece
			break
		}
		g.line = append(append(g.line, ' '), key...)
		g.keys = rest
	}
	g.line = append(g.line, '\r', '\n')
	g.pending++
	return g.line, part
}

// Answered takes the reply to the piece that c is, and returns what the client is to be shown of it. values reports
// whether the reply ends as one with values does.
func (g *Get) Answered(c *call.Call, reply []byte, values bool) (what decide.Show) {
	g.pending--
	g.size = max(g.size, len(reply))
	what, g.shown = g.shown.Next(c.Part == call.Last, c.Lost, values)
	return what
}
