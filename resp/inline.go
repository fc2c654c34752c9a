package resp

import (
	"bytes"
	"slices"
)

// line parses an inline command: words on one line, with quotes as redis-cli takes them.
func (r *Request) line(buf []byte, l *Limits, p *Progress) (n int, st Status) {
	end, st := r.searchEnd(buf, 0, '\n', l, p, textBigInline)
	if st != Complete {
		return 0, st
	}
	text := buf[:end] // may end with CR, which counts as a blank
	if bytes.IndexByte(text, 0) >= 0 {
		return 0, r.fatal(textZero)
	}
	if !r.words(text) {
		return 0, r.fatal(textQuotes)
	}
	if len(r.args) > 0 {
		r.rewrite()
	}
	return end + 1, Complete
}

// words splits a line into r.args. Their bytes are stored one after the other in r.inline.
func (r *Request) words(text []byte) (ok bool) {
	r.inline = slices.Grow(r.inline[:0], len(text)) // a word never becomes longer than its text, so nothing moves
	for {
		text = trimBlanks(text)
		if len(text) == 0 {
			return true
		}
		start := len(r.inline)
		if text, ok = r.word(text); !ok {
			return false
		}
		r.add(r.inline[start:])
	}
}

// word appends the first word of text, without its quotes, to r.inline, and returns what follows it.
func (r *Request) word(text []byte) (rest []byte, ok bool) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case ' ', '\n', '\r', '\t':
			return text[i:], true
		case '"':
			return r.doubleQuoted(text[i+1:])
		case '\'':
			return r.singleQuoted(text[i+1:])
		default:
			r.inline = append(r.inline, c)
		}
	}
	return nil, true
}

// doubleQuoted appends the text up to the closing quote. It decodes the escapes \n \r \t \b \a and \xHH; before any
// other byte a \ is dropped. The quote ends the word: a blank or nothing has to follow.
func (r *Request) doubleQuoted(text []byte) (rest []byte, ok bool) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '"':
			return afterQuote(text[i+1:])
		case c == '\\' && i+3 < len(text) && text[i+1] == 'x' && hexDigit(text[i+2]) >= 0 && hexDigit(text[i+3]) >= 0:
			c = byte(hexDigit(text[i+2])<<4 | hexDigit(text[i+3]))
			i += 3
		case c == '\\' && i+1 < len(text):
			i++
			c = unescape(text[i])
		}
		r.inline = append(r.inline, c)
	}
	return nil, false
}

// singleQuoted is the same for single quotes, whose only escape is \'.
func (r *Request) singleQuoted(text []byte) (rest []byte, ok bool) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\'':
			return afterQuote(text[i+1:])
		case c == '\\' && i+1 < len(text) && text[i+1] == '\'':
			i++
			c = '\''
		}
		r.inline = append(r.inline, c)
	}
	return nil, false
}

func afterQuote(rest []byte) ([]byte, bool) { return rest, len(rest) == 0 || isBlank(rest[0]) }

// rewrite writes r.args as an array behind them in r.inline, and sets r.Raw to it.
func (r *Request) rewrite() {
	size := len("*2147483647\r\n")
	for _, arg := range r.args {
		size += len("$2147483647\r\n\r\n") + len(arg)
	}
	words := len(r.inline)
	r.inline = slices.Grow(r.inline, size) // there is room, so r.args stay where they are
	raw := AppendArray(r.inline[words:], len(r.args))
	for _, arg := range r.args {
		raw = AppendBulk(raw, arg)
	}
	r.Raw = slices.Clip(raw)
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'a':
		return '\a'
	}
	return c
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

func isBlank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

func trimBlanks(text []byte) []byte {
	for len(text) > 0 && isBlank(text[0]) {
		text = text[1:]
	}
	return text
}
