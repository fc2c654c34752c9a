package ascii

import "bytes"

// maxReplyLine limits a line of a reply, line end included.
const maxReplyLine = 64 << 10

// Framer finds the end of replies, one after the other, in a growing buffer. It remembers how far it has looked into
// an incomplete reply, so that it looks at no byte twice. The zero value is ready.
type Framer struct {
	off  int // bytes of the current reply that are framed already
	scan int // how far the end of the line at off was searched for; not less than off
	need int // if not 0: the end of the block at off, whose line is parsed already
	hits int // VALUE blocks before off
}

// Next frames the reply at the start of buf. s is the Shape of the request. With n > 0, r holds the reply, whose
// length is n, and f is ready for the next one. With n == 0 and ok, the reply is incomplete: call again when buf has
// grown. If need is not 0, that takes at least need bytes in all. With !ok, the bytes are not a reply of this shape.
// The connection is out of step then, and f cannot be used again.
func (f *Framer) Next(buf []byte, s Shape, r *Reply) (n, need int, ok bool) {
	if len(buf) < f.scan {
		return 0, 0, false // buf does not continue the buffer of the last call
	}
	r.Hits, r.Number = 0, 0
	switch s {
	case ShapeLine:
		n, ok = f.oneLine(buf, r)
	case ShapeValues:
		n, ok = f.values(buf, r)
	case ShapeMeta, ShapeTokenMeta, ShapeOldMeta:
		n, ok = f.meta(buf, s, r)
	case ShapeStats:
		n, ok = f.stats(buf, r)
	}
	return f.framed(buf, n, ok, r)
}

// framed is the end of Next and NextItem. n bytes of buf are framed; 0 means that the reply is incomplete.
func (f *Framer) framed(buf []byte, n int, ok bool, r *Reply) (int, int, bool) {
	switch {
	case !ok:
		return 0, 0, false
	case n == 0:
		return 0, f.need, true
	}
	r.Raw = buf[:n:n]
	*f = Framer{}
	return n, 0, true
}

// NextItem frames one part of the reply to a retrieval (ShapeValues): a VALUE block, END, or an error line. Both of
// the former have the kind Values; r.Hits is 1 for a block and 0 for END. The results are those of Next. A reply has
// to be framed either by NextItem from its first part to its last, or by Next.
func (f *Framer) NextItem(buf []byte, r *Reply) (n, need int, ok bool) {
	if len(buf) < f.scan {
		return 0, 0, false // buf does not continue the buffer of the last call
	}
	r.Hits, r.Number = 0, 0
	if f.need == 0 {
		n, ok = f.valuesLine(buf, r)
	}
	if f.need != 0 {
		_, ok = f.block(buf)
		n = f.off
		r.Kind, r.Hits = Values, 1
	}
	return f.framed(buf, n, ok, r)
}

// The next methods frame a reply of one shape each. They fill r.Kind, r.Hits and r.Number and return the length of
// the reply. With n == 0 and ok it is incomplete.

func (f *Framer) oneLine(buf []byte, r *Reply) (n int, ok bool) {
	const stored = "STORED\r\n"
	if len(buf) >= len(stored) && string(buf[:len(stored)]) == stored {
		r.Kind = Stored
		return len(stored), true
	}
	line, ok := f.line(buf)
	if len(line) == 0 {
		return 0, ok
	}
	r.Kind, r.Number = lineKind(line)
	return len(line), r.Kind != Lost
}

func (f *Framer) values(buf []byte, r *Reply) (n int, ok bool) {
	for {
		if f.need == 0 {
			if n, ok = f.valuesLine(buf, r); f.need == 0 {
				return n, ok
			}
		}
		if done, ok := f.block(buf); !done {
			return 0, ok
		}
		f.hits++
	}
}

// valuesLine parses the line at f.off. If that is a VALUE line, it sets f.need.
func (f *Framer) valuesLine(buf []byte, r *Reply) (n int, ok bool) {
	const end = "END\r\n"
	rest := buf[f.off:]
	if len(rest) >= len(end) && string(rest[:len(end)]) == end {
		r.Kind, r.Hits = Values, f.hits
		return f.off + len(end), true
	}
	var size int
	// At the start of a line: parsing without searching for its end first saves a seventh of the time
	if f.scan == f.off {
		_, size, n = valueLine(rest)
	}
	if n == 0 {
		line, ok := f.line(buf)
		if len(line) == 0 {
			return 0, ok
		}
		if _, size, n = valueLine(line); n == 0 {
			r.Kind = errorKind(line)
			return len(line), r.Kind != Lost && f.off == 0
		}
	}
	f.need = f.off + n + size + 2
	return 0, true
}

func (f *Framer) meta(buf []byte, s Shape, r *Reply) (n int, ok bool) {
	if f.need == 0 {
		line, ok := f.line(buf)
		if len(line) == 0 {
			return 0, ok
		}
		r.Kind = metaKind(line)
		if r.Kind == OK {
			if s != ShapeOldMeta {
				return 0, false
			}
			r.Kind = MetaHD
		}
		if r.Kind != MetaVA {
			return len(line), r.Kind != Lost
		}
		size := metaSize(line)
		if size < 0 {
			return 0, false
		}
		f.need = len(line) + size + 2
	}
	_, ok = f.block(buf)
	r.Kind = MetaVA
	return f.off, ok
}

func (f *Framer) stats(buf []byte, r *Reply) (n int, ok bool) {
	for {
		line, ok := f.line(buf)
		switch {
		case len(line) == 0:
			return 0, ok
		case string(line) == "END\r\n":
			r.Kind = Lines
			return f.off + len(line), true
		case isStatLine(line):
			f.off += len(line)
		default:
			r.Kind, r.Number = lineKind(line)
			return len(line), r.Kind != Lost && f.off == 0
		}
	}
}

// line returns the line at f.off with its CRLF, or an empty one if it has not arrived completely.
func (f *Framer) line(buf []byte) (line []byte, ok bool) {
	limit := min(len(buf), f.off+maxReplyLine)
	i := bytes.IndexByte(buf[f.scan:limit], '\n')
	if i < 0 {
		f.scan = limit
		return nil, limit-f.off < maxReplyLine
	}
	f.scan += i + 1
	line = buf[f.off:f.scan]
	if len(line) < 2 || line[len(line)-2] != '\r' {
		return nil, false
	}
	return line, true
}

// block moves f past the block that ends at f.need, if it has arrived.
func (f *Framer) block(buf []byte) (done, ok bool) {
	if len(buf) < f.need {
		return false, true
	}
	if buf[f.need-2] != '\r' || buf[f.need-1] != '\n' {
		return false, false
	}
	f.off, f.scan, f.need = f.need, f.need, 0
	return true, true
}

// NextValue splits off the first VALUE block. block is Reply.Raw of a reply of kind Values, or the rest that an
// earlier call returned. The results are the key, the whole block (line, data and CRLF) and the bytes behind it. All
// of them alias block. At END there is no block, and the key is nil.
func NextValue(block []byte) (key, block1, rest []byte) {
	key, size, n := valueLine(block)
	end := n + size + 2
	if n == 0 || end > len(block) {
		return nil, nil, nil
	}
	return key, block[:end:end], block[end:]
}

// CutValue splits off the first VALUE block if it is that of key. Otherwise found is false, and rest is all of block.
// The results are those of NextValue, and alias block.
func CutValue(block, key []byte) (block1, rest []byte, found bool) {
	const value = "VALUE "
	n := len(value) + len(key)
	if len(block) <= n || block[n] != ' ' || string(block[len(value):n]) != string(key) ||
		string(block[:len(value)]) != value {
		return nil, block, false
	}
	size, end := valueNumbers(block, n)
	if end == 0 || end+size+2 > len(block) {
		return nil, block, false
	}
	end += size + 2
	return block[:end:end], block[end:], true
}
