package session

import (
	"magent/ascii"
	"magent/internal/call"
	"magent/internal/pieces"
)

// serveLong begins a multi-get of many keys. servePiece continues it, as far as the window allows.
func (s *Session) serveLong(r *ascii.Request) {
	if s.long() == nil {
		s.extra().long = &pieces.Get{}
	}
	s.long().Begin(r)
}

// pieceLength returns the number of keys in the next piece. It is less than pieceKeys if their values are expected to
// be large.
func (s *Session) pieceLength() int {
	return max(1, min(pieceKeys, windowBytes/max(1, s.guess())))
}

// servePiece asks for the next keys.
func (s *Session) servePiece() {
	line, part := s.long().Next(s.pieceLength())
	r := &s.sh.req
	if _, st := ascii.Next(line, s.pool.Limits, r); st != ascii.Complete {
		panic("session: a piece of a multi-get is refused")
	}
	s.part = part
	s.route(r)
	s.part = call.Whole
}
