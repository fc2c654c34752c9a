package ascii

import (
	"bytes"
	"strconv"
)

// A cas token as a client has it carries a tag in its bits 48 to 62 that says which server it came from; the rest is the
// server's own. Bit 63 stays clear, as clients parse tokens as signed numbers. A server counts its tokens up from 1, so its own
// bits are enough for ever; one that a client has set itself (flag E) may lose its upper bits, and then fits nothing.
const (
	tagShift = 48
	tagMask  = 1<<15 - 1
)

// Untag splits a token into the server's own and its tag, which is 0 for one that has none.
func Untag(token uint64) (plain, tag uint64) {
	return token & (1<<tagShift - 1), token >> tagShift & tagMask
}

// Token returns the cas token that a request depends on; ok is false when there is none.
func (r *Request) Token() (token uint64, ok bool) { return r.token, r.hasToken }

// SetToken has a request depend on another cas token: AppendHead writes it in the place of that which the client gave.
func (r *Request) SetToken(token uint64) { r.token, r.plain = token, false }

// AppendTagged appends a reply to gets, gats or a meta command, with the tag in each cas token.
func AppendTagged(dst, reply []byte, tag uint64) []byte {
	if !bytes.HasPrefix(reply, []byte("VALUE ")) {
		end := bytes.IndexByte(reply, '\r')
		if end < 3 || reply[2] != ' ' {
			return append(dst, reply...) // an error, or a code without flags
		}
		return append(appendTaggedFlags(dst, reply[:end], tag), reply[end:]...)
	}
	for {
		key, block, rest := NextValue(reply)
		if len(key) == 0 {
			return append(dst, reply...)
		}
		end := bytes.IndexByte(block, '\r')
		space := bytes.LastIndexByte(block[:end], ' ') + 1
		dst = append(dst, block[:space]...)
		dst = appendTaggedToken(dst, block[space:end], tag)
		dst = append(dst, block[end:]...)
		reply = rest
	}
}

// appendTaggedFlags appends the first line of the reply to a meta command: HD, VA and its length, or another code, and flags.
func appendTaggedFlags(dst, line []byte, tag uint64) []byte {
	for n := 0; len(line) > 0; n++ {
		word, rest := cutWord(line)
		dst = append(dst, line[:len(line)-len(rest)-len(word)]...)
		if n > 0 && len(word) > 0 && word[0] == 'c' {
			dst = appendTaggedToken(append(dst, 'c'), word[1:], tag)
		} else {
			dst = append(dst, word...)
		}
		line = rest
	}
	return dst
}

// appendTaggedToken appends one token. 0 is none.
func appendTaggedToken(dst, digits []byte, tag uint64) []byte {
	token, _, ok := parseUint64(digits)
	if !ok || token == 0 {
		return append(dst, digits...)
	}
	plain, _ := Untag(token)
	return strconv.AppendUint(dst, tag<<tagShift|plain, 10)
}
