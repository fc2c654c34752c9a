package ascii

import (
	"bytes"
	"strconv"
)

// In a client's cas token, the bits 48 to 62 are a tag that says which server it came from. The lower 48 bits are
// the server's own token. Bit 63 is always 0, as some clients parse tokens as signed numbers. Servers count their
// tokens up from 1, so 48 bits never run out. A token that a client has set itself (flag E) may lose its upper
// bits, and then never matches.
const (
	tagShift = 48
	tagMask  = 1<<15 - 1
)

// Untag splits a client's token into the server's own and its tag. The tag is 0 if there is none.
func Untag(token uint64) (plain, tag uint64) {
	return token & (1<<tagShift - 1), token >> tagShift & tagMask
}

// Token returns the cas token that the request is conditional on. ok is false if there is none.
func (r *Request) Token() (token uint64, ok bool) { return r.token, r.hasToken }

// SetToken replaces the cas token that the request is conditional on. AppendHead writes the new one.
func (r *Request) SetToken(token uint64) { r.token, r.plain = token, false }

// AppendTagged appends a reply to gets, gats or a meta command, and adds the tag to each cas token in it.
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

// appendTaggedFlags appends the first line of a reply to a meta command, with tagged tokens.
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

// appendTaggedToken appends one token with the tag. The token 0 stays as it is: it means that there is none.
func appendTaggedToken(dst, digits []byte, tag uint64) []byte {
	token, _, ok := parseUint64(digits)
	if !ok || token == 0 {
		return append(dst, digits...)
	}
	plain, _ := Untag(token)
	return strconv.AppendUint(dst, tag<<tagShift|plain, 10)
}
