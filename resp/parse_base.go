package resp

import "bytes"

// Texts of protocol errors: those of redis 7.0, and three for what Redis does not notice.
const (
	textMultibulkLen  = "invalid multibulk length"
	textBulkLen       = "invalid bulk length"
	textBigInline     = "too big inline request"
	textBigMultibulk  = "too big mbulk count string"
	textBigBulk       = "too big bulk count string"
	textQuotes        = "unbalanced quotes in request"
	textBigRequest    = "too big request"
	textNoCRLF        = "an argument does not end with CRLF"
	textZero          = "zero byte in inline request"
	protocolError     = "-ERR Protocol error: "
	expectedBulkStart = "expected '$', got '"
)

// searchEnd finds the first byte c from off on. It does not search again where an earlier call has searched.
func (r *Request) searchEnd(buf []byte, off int, c byte, l *Limits, p *Progress, tooBig string) (at int, st Status) {
	from := max(off, p.scan)
	limit := min(len(buf), off+l.MaxInline+1)
	i := bytes.IndexByte(buf[from:max(from, limit)], c)
	switch {
	case i >= 0:
		return from + i, Complete
	case len(buf)-off > l.MaxInline:
		return 0, r.fatal(tooBig)
	}
	p.scan = limit
	return 0, Incomplete
}

// fatal ends the parsing with a protocol error.
func (r *Request) fatal(text string) Status {
	r.Reply = append(append(append(r.reply[:0], protocolError...), text...), "\r\n"...)
	return Fatal
}
