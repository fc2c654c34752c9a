package session

import (
	"magent/ascii"
	"magent/internal/call"
	"magent/replicate/decide"
)

// longGet is a multi-get that is carried out in pieces. A session has one from the first piece to the last answer. If
// the next long multi-get begins before that, they share it.
type longGet struct {
	op      ascii.Op
	exptime int64
	keys    []byte // those that are not asked for yet; nil: all are asked for
	line    []byte // scratch: the request for a piece

	pieces int          // calls in the session's line that are pieces
	size   int          // bytes of the largest reply to a piece since keys were set; 0: none has come
	shown  decide.Shown // of the multi-get whose answers are due
}

// asks reports whether there are keys that were not asked for yet.
func (g *longGet) asks() bool { return g != nil && g.keys != nil }

// full reports whether the next piece has to wait. The second piece waits until the size of the first is known. Later
// ones wait until few enough replies are due.
func (g *longGet) full() bool {
	return g.pieces > 0 && (g.size == 0 || g.pieces*g.size >= windowBytes)
}

// next returns the request for the next keys, and whether more follow. line is valid until the next call.
func (g *longGet) next(keys int) (line []byte, part call.Part) {
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
	g.pieces++
	return g.line, part
}
