package forward

import (
	"encoding/binary"
	"math"
	"time"
)

// Kind says what a Mark is.
type Kind uint8

// The kinds of marks, and which fields they have.
const (
	// Header stands in front of requests. They are meant for the owner of Epoch, and may be carried out until Time by
	// the sender's clock.
	Header Kind = 1 + iota
	// Question asks for the clock of the other side. A connection begins with one of the owner.
	Question
	// Answer is the answer to a Question: Time by the sender's clock.
	Answer
	// Return is the last word of an owner: it has carried out nothing that it has not answered, and never will.
	// That goes for all requests of Epoch and earlier ones, on any connection.
	Return
)

// Mark is what a member and an owner say to each other between requests and replies. It begins with a control byte,
// as no request and no reply does.
type Mark struct {
	Kind  Kind
	Epoch uint64
	Time  time.Duration // never negative
}

// IsMark reports whether a mark begins with this byte, in the place of a request or a reply.
func IsMark(first byte) bool { return first < ' ' }

// AppendMark appends a mark to dst: a byte with its kind, and its numbers as varints.
func AppendMark(dst []byte, m Mark) []byte {
	dst = append(dst, byte(m.Kind))
	if m.Kind == Header || m.Kind == Return {
		dst = binary.AppendUvarint(dst, m.Epoch)
	}
	if m.Kind == Header || m.Kind == Answer {
		dst = binary.AppendUvarint(dst, uint64(m.Time))
	}
	return dst
}

// NextMark parses the mark at the start of data, and returns its length. With n == 0 and ok it is incomplete. With !ok
// it is not a mark.
func NextMark(data []byte) (m Mark, n int, ok bool) {
	if len(data) == 0 {
		return m, 0, true
	}
	m.Kind = Kind(data[0])
	if m.Kind < Header || m.Kind > Return {
		return Mark{}, 0, false
	}
	n = 1
	if m.Kind == Header || m.Kind == Return {
		if n, ok = number(data, n, &m.Epoch); n == 0 {
			return Mark{}, 0, ok
		}
	}
	if m.Kind == Header || m.Kind == Answer {
		var at uint64
		if n, ok = number(data, n, &at); n == 0 || at > math.MaxInt64 {
			return Mark{}, 0, ok && n == 0
		}
		m.Time = time.Duration(at)
	}
	return m, n, true
}

// number parses a varint at an offset of data. It returns the offset behind it; 0: it is incomplete, or with !ok no
// number in its shortest form.
func number(data []byte, at int, v *uint64) (next int, ok bool) {
	x, n := binary.Uvarint(data[at:])
	if n <= 0 || n > 1 && data[at+n-1] == 0 {
		return 0, n == 0
	}
	*v = x
	return at + n, true
}
