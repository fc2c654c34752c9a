package resp

import (
	"bytes"
	"strings"
)

// Next parses the request at the start of buf into r. p says how far an earlier call with the beginning of the same
// bytes has come; after Complete and Fatal it is zero again. n is the number of bytes consumed after Complete, else
// 0.
func Next(buf []byte, l Limits, r *Request, p *Progress) (n int, st Status) {
	r.reset()
	if len(buf) == 0 {
		return 0, Incomplete
	}
	if len(buf) < max(p.off, p.scan) {
		*p = Progress{} // buf does not continue the buffer of the last call
	}
	if buf[0] == '*' {
		n, st = r.array(buf, &l, p)
	} else {
		n, st = r.line(buf, &l, p)
	}
	if st == Incomplete {
		return 0, Incomplete
	}
	*p = Progress{}
	if st == Complete && len(r.args) > 0 {
		r.Args = r.args
		r.Command = Lookup(r.args[0])
		if r.Command == nil && isHTTP(r.args[0]) {
			return 0, Fatal
		}
	}
	return n, st
}

// array parses an array of bulk strings.
func (r *Request) array(buf []byte, l *Limits, p *Progress) (n int, st Status) {
	resumed := p.left > 0
	if !resumed {
		count, body, st := r.length(buf, 0, l, p)
		switch {
		case st != Complete:
			return 0, st
		case count > int64(l.MaxArgs):
			return 0, r.fatal(textMultibulkLen)
		case count <= 0:
			return body, Complete
		}
		p.off, p.left, p.count = body, int(count), int(count)
	}
	n = p.off
	for left := p.left; left > 0; left-- {
		arg, end := wholeArgument(buf, n, l)
		if end == 0 {
			p.off, p.left = n, left
			if arg, end, st = r.argument(buf, l, p); st != Complete {
				return 0, st
			}
		}
		if !resumed {
			r.add(arg)
		}
		n = end
	}
	if resumed {
		r.collect(buf[:n])
	}
	r.Raw = buf[:n:n]
	return n, Complete
}

// wholeArgument returns the bulk string at off and its end, if it has arrived and nothing is unusual about it.
// Otherwise end is 0, and argument parses it with more care. This fast path saves a quarter of the time of a request.
func wholeArgument(buf []byte, off int, l *Limits) (arg []byte, end int) {
	size, line := quickLen(buf[off:])
	body := off + line
	end = body + size + 2
	switch {
	case line == 0 || buf[off] != '$' || line-2 > l.MaxInline || size > l.MaxBulk || l.MaxSize > 0 && end > l.MaxSize:
		return nil, 0
	case end > len(buf) || buf[end-2] != '\r' || buf[end-1] != '\n':
		return nil, 0
	}
	return buf[body : end-2 : end-2], end
}

// argument parses the bulk string at p.off. After Complete, end is where the next one begins.
func (r *Request) argument(buf []byte, l *Limits, p *Progress) (arg []byte, end int, st Status) {
	size, body, st := r.length(buf, p.off, l, p)
	if st != Complete {
		return nil, 0, st
	}
	if size < 0 || size > int64(l.MaxBulk) {
		return nil, 0, r.fatal(textBulkLen)
	}
	end = body + int(size) + 2
	switch {
	case l.MaxSize > 0 && end > l.MaxSize:
		return nil, 0, r.fatal(textBigRequest)
	case end > len(buf):
		r.Need = end
		return nil, 0, Incomplete
	case buf[end-2] != '\r' || buf[end-1] != '\n':
		return nil, 0, r.fatal(textNoCRLF)
	}
	return buf[body : end-2], end, Complete
}

// length parses the line of a length at off. At 0 that is the number of arguments, elsewhere the size of one. body is
// where the line ends.
func (r *Request) length(buf []byte, off int, l *Limits, p *Progress) (n int64, body int, st Status) {
	if quick, line := quickLen(buf[off:]); line > 0 && (off == 0 || buf[off] == '$') && line-2 <= l.MaxInline {
		return int64(quick), off + line, Complete
	}
	invalid, tooBig := textBulkLen, textBigBulk
	if off == 0 {
		invalid, tooBig = textMultibulkLen, textBigMultibulk
	}
	end, st := r.searchEnd(buf, off, '\r', l, p, tooBig)
	if st != Complete {
		return 0, 0, st
	}
	if end+1 == len(buf) {
		p.scan = end
		return 0, 0, Incomplete
	}
	if off > 0 && buf[off] != '$' {
		return 0, 0, r.unexpected(buf[off])
	}
	n, ok := parseInt(buf[off+1 : end])
	if !ok || buf[end+1] != '\n' {
		return 0, 0, r.fatal(invalid)
	}
	return n, end + 2, Complete
}

// collect fills r.args from an array whose elements have all been checked.
func (r *Request) collect(array []byte) {
	_, n := quickLen(array)
	for rest := array[n:]; len(rest) > 0; {
		size, n := quickLen(rest)
		if n == 0 { // more than 9 digits
			n = bytes.IndexByte(rest, '\n') + 1
			long, _ := parseInt(rest[1 : n-2])
			size = int(long)
		}
		r.add(rest[n : n+size])
		rest = rest[n+size+2:]
	}
}

// unexpected ends the parsing where an argument should begin, but c stands there.
func (r *Request) unexpected(c byte) Status {
	if c == '\r' || c == '\n' {
		c = ' '
	}
	r.fatal(expectedBulkStart)
	r.Reply = append(append(r.Reply[:len(r.Reply)-2], c), "'\r\n"...)
	return Fatal
}

// isHTTP reports whether the first word is not a command but the beginning of an HTTP request. Like Redis, the proxy
// then closes the connection without a reply, so that a web page cannot make a browser talk to a cache.
func isHTTP(name []byte) bool {
	return len(name) <= len("host:") &&
		(strings.EqualFold(string(name), "post") || strings.EqualFold(string(name), "host:"))
}
