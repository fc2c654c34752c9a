package session

import (
	"bytes"

	"magent/ascii"
	"magent/internal/call"
	"magent/internal/stats"
)

// PieceKeys is the number of keys from which a multi-get is carried out in pieces, one call each. So a client that asks
// for a thousand large values is held to its window like one that asks for them singly. It does not block the servers'
// connections for the others.
const PieceKeys = 32

// longGet is a multi-get that is carried out in pieces. A session has one from the first piece to the last answer; if
// the next multi-get begins meanwhile, they share it.
type longGet struct {
	op      ascii.Op
	exptime int64
	keys    []byte // those that are not asked for yet; nil: all are asked for
	line    []byte // scratch: the request for a piece

	pieces int   // calls in the session's line that are pieces
	size   int   // bytes of the largest reply to a piece since keys were set; 0: none has come
	shown  shown // of the multi-get whose answers are due
}

// asks reports whether keys are to be asked for.
func (g *longGet) asks() bool { return g != nil && g.keys != nil }

// full reports whether the next piece has to wait: the second one until the size of the first is known, the others
// until the replies to come are few enough.
func (g *longGet) full() bool {
	return g.pieces > 0 && (g.size == 0 || g.pieces*g.size >= WindowBytes)
}

// next makes the request for so many keys, which is valid until the next one, and says whether more follow.
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
	g.line = append(g.line, crlf...)
	g.pieces++
	return g.line, part
}

// serveLong begins a multi-get of many keys. servePiece goes on, as far as the window allows.
func (s *Session) serveLong(r *ascii.Request) {
	if s.long == nil {
		s.long = &longGet{}
	}
	g := s.long
	g.op, g.exptime, g.keys, g.size = r.Op, r.Exptime, bytes.Clone(r.Keys), 0
}

// pieceLength is the number of keys in the next piece: fewer than PieceKeys when those would be too large.
func (s *Session) pieceLength() int {
	return max(1, min(PieceKeys, WindowBytes/max(1, s.guess())))
}

// servePiece asks for the next keys.
func (s *Session) servePiece() {
	line, part := s.long.next(s.pieceLength())
	r := &s.sh.req
	if _, st := ascii.Next(line, s.pool.Limits, r); st != ascii.Complete {
		panic("session: a piece of a multi-get is refused")
	}
	s.part = part
	s.route(r)
	s.part = call.Whole
}

// endLong gives up the keys that are not asked for yet.
func (s *Session) endLong() {
	if g := s.long; g != nil {
		if g.keys = nil; g.pieces == 0 {
			s.long = nil
		}
	}
}

// writePiece writes of the reply to a piece what the client is to see.
func (s *Session) writePiece(c *call.Call, reply []byte) {
	g := s.long
	if g.pieces--; g.pieces == 0 && !g.asks() {
		s.long = nil
	}
	g.size = max(g.size, len(reply))
	var what show
	what, g.shown = g.shown.next(c.Part == call.Last, c.Lost, bytes.HasSuffix(reply, endLine))
	switch what {
	case showAll:
		s.write(reply)
	case showLoss:
		s.pool.Count.Errors++
		s.pool.Count.Outcomes[stats.Get][stats.Error]++
		s.write(reply)
	case showValues:
		s.write(reply[:len(reply)-len(endLine)])
	case showEnd:
		s.write(endLine)
	}
}
