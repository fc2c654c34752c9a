package resp

import "bytes"

const (
	// maxReplyLine limits simple strings and errors, line end included. Scripts can produce long ones.
	maxReplyLine = 16 << 20
	// maxLenLine limits the line of a number or a length: its type, a 64-bit number and CRLF.
	maxLenLine = 1 + 20 + 2
	// maxReply limits a length, so that sums of lengths do not overflow.
	maxReply = 1 << 40
)

// Framer finds the end of replies, one after the other, in a growing buffer. It remembers how far it has looked into
// an incomplete reply, so that it looks at no byte twice. Arrays may be nested to any depth: to find the end it only
// counts the elements that are still missing. The zero value is ready, for RESP2.
type Framer struct {
	Proto Proto // RESP3: the types of RESP3 are replies, too. It may change between two replies

	off  int // bytes of the current reply that are framed already
	scan int // how far the end of the line at off was searched for; not less than off
	need int // if not 0: the end of the bulk string at off, whose header is parsed already
	left int // elements that are still missing, from off on; 0: the reply begins at off
}

// Next frames the reply at the start of buf. With n > 0, the reply is buf[:n], and f is ready for the next one. With
// n == 0 and ok, the reply is incomplete: call again when buf has grown. If need is not 0, that takes at least need
// bytes in all. With !ok, the bytes are not a reply of f.Proto. The connection is out of step then, and f cannot be
// used again.
//
// Attributes are part of the reply that they stand in front of. A message that was pushed is a reply of its own.
func (f *Framer) Next(buf []byte) (n, need int, ok bool) {
	if len(buf) < f.scan {
		return 0, 0, false // buf does not continue the buffer of the last call
	}
	if f.left == 0 {
		f.left = 1
	}
	for f.left > 0 {
		done, ok := f.element(buf)
		if !ok {
			return 0, 0, false
		}
		if !done {
			return 0, f.need, true
		}
		f.left--
	}
	n = f.off
	*f = Framer{Proto: f.Proto}
	return n, 0, true
}

// Expect returns how large an incomplete reply will be if its other elements are as large as the one that has arrived
// in part. It is 0 if that is not known.
func (f *Framer) Expect() int {
	if f.need == 0 {
		return 0
	}
	return f.need + (f.left-1)*(f.need-f.off)
}

// element moves f past the element at f.off if that has arrived. For an array this is its header only; its elements
// are added to f.left.
func (f *Framer) element(buf []byte) (done, ok bool) {
	if f.need != 0 {
		return f.bulk(buf)
	}
	if f.off == len(buf) {
		return false, true
	}
	const null = "$-1\r\n" // the reply to a miss
	if rest := buf[f.off:]; len(rest) >= len(null) && string(rest[:len(null)]) == null {
		f.advance(f.off + len(null))
		return true, true
	}
	kind := buf[f.off]
	if n, line := quickLen(buf[f.off:]); line > 0 {
		switch kind {
		case '$':
			f.need = f.off + line + n + 2
			return f.bulk(buf)
		case '*':
			f.left += n
			f.advance(f.off + line)
			return true, true
		case ':':
			f.advance(f.off + line)
			return true, true
		}
	}
	switch kind {
	case '+', '-':
		line, ok := f.line(buf, maxReplyLine)
		f.advance(f.off + len(line))
		return len(line) > 0, ok
	case ':', '$', '*':
		return f.numbered(buf, kind)
	}
	if f.Proto == RESP3 {
		return f.element3(buf, kind)
	}
	return false, false
}

// numbered frames an element that starts with a number which quickLen cannot read, or one of RESP3.
func (f *Framer) numbered(buf []byte, kind byte) (done, ok bool) {
	line, ok := f.line(buf, maxLenLine)
	if len(line) == 0 {
		return false, ok
	}
	n, ok := parseInt(line[1 : len(line)-2])
	if !ok || kind != ':' && (n < lowest(kind) || n > maxReply) {
		return false, false
	}
	end := f.off + len(line)
	switch size := int(n); kind {
	case '$', '=', '!':
		if size >= 0 {
			f.need = end + size + 2
			return f.bulk(buf)
		}
	case '*', '~', '>':
		f.left += max(size, 0)
	case '%':
		f.left += 2 * size
	case '|':
		f.left += 2*size + 1 // and the reply behind it
	}
	f.advance(end)
	return true, true
}

// line returns the line at f.off with its CRLF, or an empty one if it has not arrived completely. A line of more than
// longest bytes is an error.
func (f *Framer) line(buf []byte, longest int) (line []byte, ok bool) {
	limit := min(len(buf), f.off+longest)
	i := bytes.IndexByte(buf[f.scan:limit], '\n')
	if i < 0 {
		f.scan = limit
		return nil, limit-f.off < longest
	}
	line = buf[f.off : f.scan+i+1]
	if line[len(line)-2] != '\r' {
		return nil, false
	}
	return line, true
}

// bulk moves f past the bulk string that ends at f.need, if it has arrived.
func (f *Framer) bulk(buf []byte) (done, ok bool) {
	if len(buf) < f.need {
		return false, true
	}
	if buf[f.need-2] != '\r' || buf[f.need-1] != '\n' {
		return false, false
	}
	f.advance(f.need)
	f.need = 0
	return true, true
}

func (f *Framer) advance(off int) {
	if off > f.off {
		f.off, f.scan = off, off
	}
}

// element3 is element for the types that only RESP3 has.
func (f *Framer) element3(buf []byte, kind byte) (done, ok bool) {
	switch kind {
	case '_':
		return f.word(buf, "_\r\n", "_\r\n")
	case '#':
		return f.word(buf, "#t\r\n", "#f\r\n")
	case ',', '(': // the digits of a big number are not limited
		line, ok := f.line(buf, maxReplyLine)
		f.advance(f.off + len(line))
		return len(line) > 0, ok
	case '>':
		if f.off > 0 { // inside of a reply, or behind attributes
			return false, false
		}
		return f.numbered(buf, kind)
	case '=', '!', '~', '%', '|':
		return f.numbered(buf, kind)
	}
	return false, false
}

// word frames an element that has to be one of two words of the same length, with their line ends.
func (f *Framer) word(buf []byte, one, other string) (done, ok bool) {
	rest := buf[f.off:]
	rest = rest[:min(len(rest), len(one))]
	if string(rest) != one[:len(rest)] && string(rest) != other[:len(rest)] {
		return false, false
	}
	if len(rest) < len(one) {
		return false, true
	}
	f.advance(f.off + len(one))
	return true, true
}

// lowest returns the lowest length that an element of a type may have. -1 is null, in the way of RESP2.
func lowest(kind byte) int64 {
	if kind == '$' || kind == '*' {
		return -1
	}
	return 0
}
