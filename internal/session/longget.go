package session

import (
	"bytes"

	"magent/ascii"
	"magent/internal/call"
	"magent/internal/stats"
)

// PieceKeys is the number of keys from which a multi-get is carried out in pieces, one call each. So a client that asks
// for a thousand large values is held to its window like one that asks for them singly, and does not block the servers'
// connections for the others.
const PieceKeys = 32

// longGet is a multi-get that is carried out in pieces.
type longGet struct {
	op      ascii.Op
	exptime int64
	keys    []byte // those that are not asked for yet
	line    []byte // of the piece under way
}

// serveLong begins a multi-get of many keys. servePiece goes on, as far as the window allows.
func (s *Session) serveLong(r *ascii.Request) {
	s.long = &longGet{op: r.Op, exptime: r.Exptime, keys: bytes.Clone(r.Keys)}
	s.pieceSize = 0
}

// pieceLength is the number of keys in the next piece: fewer than pieceKeys when those would be too large.
func (s *Session) pieceLength() int {
	return max(1, min(PieceKeys, WindowBytes/max(1, s.guess())))
}

// longFull reports whether the next piece has to wait: the second one until the size of the first is known, the others
// until the replies to come are few enough.
func (s *Session) longFull() bool {
	return s.pieces > 0 && (s.pieceSize == 0 || s.pieces*s.pieceSize >= WindowBytes)
}

// servePiece asks for the next keys.
func (s *Session) servePiece() {
	g := s.long
	g.line = ascii.AppendRetrieval(g.line[:0], g.op, g.exptime)
	part, length := call.Last, s.pieceLength()
	for n := 0; ; n++ {
		key, rest := ascii.NextKey(g.keys)
		if len(key) == 0 {
			s.long = nil
			break
		}
		if n == length {
			part = call.Piece
			break
		}
		g.line = append(append(g.line, ' '), key...)
		g.keys = rest
	}
	g.line = append(g.line, crlf...)
	r := &s.sh.req
	if _, st := ascii.Next(g.line, s.pool.Limits, r); st != ascii.Complete {
		panic("session: a piece of a multi-get is refused")
	}
	s.pieces++
	s.part = part
	s.route(r)
	s.part = call.Whole
}

// writePiece writes the reply to a piece: without END, but for the last one. After an error the rest is not shown. A
// piece that is lost counts as misses, unless all of them are.
func (s *Session) writePiece(c *call.Call, reply []byte) {
	s.pieces--
	s.pieceSize = max(s.pieceSize, len(reply))
	last := c.Part == call.Last
	switch {
	case s.broken:
	case c.Lost && !last:
	case c.Lost && s.found:
		s.write(endLine)
	case c.Lost:
		s.pool.Count.Errors++
		s.pool.Count.Outcomes[stats.Get][stats.Error]++
		s.write(reply)
	case !bytes.HasSuffix(reply, endLine):
		s.broken = true
		s.write(reply)
	case last:
		s.write(reply)
	default:
		s.found = true
		s.write(reply[:len(reply)-len(endLine)])
	}
	if last {
		s.broken, s.found = false, false
	}
}
