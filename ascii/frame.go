package ascii

import "bytes"

// maxReplyLine bounds a line of a reply, line end included.
const maxReplyLine = 64 << 10

// Framer finds the end of one reply after the other in a growing buffer. It remembers how far it has looked
// into an incomplete reply, so that nothing is looked at twice. The zero value is ready.
type Framer struct {
	off  int // bytes of the current reply that are framed already
	scan int // bytes that were searched for the end of the line at off; not less than off
	need int // if not 0: where the block at off ends, whose line is parsed already
	hits int // VALUE blocks before off
}

// Next frames the reply at the start of buf; the request's Shape says what it may be. With n > 0, r holds
// the reply, its n bytes are consumed, and f is ready for the next one. With n == 0 and ok the reply is
// incomplete: call again with the same bytes and more, with at least need bytes in all if need is not 0. With
// !ok the bytes are no such reply: the connection is out of step, and f of no more use.
func (f *Framer) Next(buf []byte, s Shape, r *Reply) (n, need int, ok bool) {
	if len(buf) < f.scan {
		return 0, 0, false // not the bytes of the last call
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

// framed ends Next: n bytes of buf are framed, or none yet.
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

// NextItem frames the first part of a reply to a retrieval (ShapeValues): one VALUE block, END, or an error line. r.Hits
// tells a block (1) from END (0), which are of the kind Values both. Otherwise it is as Next, and the parts of one reply
// have to be taken with NextItem from the first to the last.
func (f *Framer) NextItem(buf []byte, r *Reply) (n, need int, ok bool) {
	if len(buf) < f.scan {
		return 0, 0, false // not the bytes of the last call
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

// The next methods, one for each shape, fill r.Kind, r.Hits and r.Number and return the length of the reply, or 0 and
// ok when it is incomplete.

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

// valuesLine looks at the line at f.off. If that is a VALUE line, it sets f.need.
func (f *Framer) valuesLine(buf []byte, r *Reply) (n int, ok bool) {
	const end = "END\r\n"
	rest := buf[f.off:]
	if len(rest) >= len(end) && string(rest[:len(end)]) == end {
		r.Kind, r.Hits = Values, f.hits
		return f.off + len(end), true
	}
	var size int
	if f.scan == f.off { // a new line: a seventh is saved if its end need not be searched for first
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

// line returns the line at f.off with its CRLF. It is empty while that has not arrived yet.
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

// block moves f behind the block that ends at f.need, if it is there.
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

// NextValue takes the first VALUE block off block, which is Reply.Raw of a reply of the kind Values or the rest
// of an earlier call: its key, the whole block with line, data and CRLF, and what follows it. The key is nil when
// there is none, that is at END. All of them alias block.
func NextValue(block []byte) (key, block1, rest []byte) {
	key, size, n := valueLine(block)
	end := n + size + 2
	if n == 0 || end > len(block) {
		return nil, nil, nil
	}
	return key, block[:end:end], block[end:]
}
