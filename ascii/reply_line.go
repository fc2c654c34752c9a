package ascii

import (
	"bytes"
	"encoding/base64"
	"math"
)

// Lines of replies. Every line given to these functions ends with CRLF.

// lineKind returns the kind of a one-line reply, and its value if it is a Number. Lost means that it is no reply.
func lineKind(line []byte) (k Kind, number uint64) {
	switch string(line) {
	case "STORED\r\n":
		return Stored, 0
	case "NOT_STORED\r\n":
		return NotStored, 0
	case "EXISTS\r\n":
		return Exists, 0
	case "NOT_FOUND\r\n":
		return NotFound, 0
	case "DELETED\r\n":
		return Deleted, 0
	case "TOUCHED\r\n":
		return Touched, 0
	case "OK\r\n", "RESET\r\n":
		return OK, 0
	}
	if bytes.HasPrefix(line, []byte("VERSION ")) {
		return Version, 0
	}
	if number, ok := paddedNumber(line); ok {
		return Number, number
	}
	return errorKind(line), 0
}

// errorKind returns the kind of an error line, or Lost if it is none.
func errorKind(line []byte) Kind {
	switch {
	case bytes.HasPrefix(line, []byte("ERROR\r")), bytes.HasPrefix(line, []byte("ERROR ")):
		return Error
	case bytes.HasPrefix(line, []byte("CLIENT_ERROR ")):
		return ClientError
	case bytes.HasPrefix(line, []byte("SERVER_ERROR ")):
		return ServerError
	}
	return Lost
}

// metaKind returns the kind of a reply to a meta command by its first line, or Lost if it is none.
// OK comes from old servers.
func metaKind(line []byte) Kind {
	if len(line) < 4 || line[2] != ' ' && line[2] != '\r' {
		return errorKind(line)
	}
	switch string(line[:2]) {
	case "HD":
		return MetaHD
	case "VA":
		return MetaVA
	case "EN":
		return MetaEN
	case "NF":
		return MetaNF
	case "NS":
		return MetaNS
	case "EX":
		return MetaEX
	case "MN":
		return MetaMN
	case "ME":
		return MetaME
	case "OK":
		return OK
	}
	return Lost
}

// paddedNumber parses the reply to incr and decr: digits, followed by spaces if the item was longer before.
func paddedNumber(line []byte) (number uint64, ok bool) {
	number, n := parseDigits(line)
	if n == 0 {
		return 0, false
	}
	for line[n] == ' ' {
		n++
	}
	return number, n == len(line)-2
}

// valueLine parses the line "VALUE key flags size [cas]" at the start of s. n is its length with CRLF, or 0 if s does
// not begin with such a line or does not hold all of it.
func valueLine(s []byte) (key []byte, size, n int) {
	const value = "VALUE "
	if len(s) < len(value) || string(s[:len(value)]) != value {
		return nil, 0, 0
	}
	n = len(value)
	space := bytes.IndexByte(s[n:min(n+maxKey+1, len(s))], ' ')
	if space < 1 || hasControl(s[n:n+space]) {
		return nil, 0, 0
	}
	key = s[n : n+space : n+space]
	if size, n = valueNumbers(s, n+space); n == 0 {
		return nil, 0, 0
	}
	return key, size, n
}

// valueNumbers parses the rest of such a line, which begins at s[n], behind the key. end is the end of the line in s,
// or 0 if it is not one.
func valueNumbers(s []byte, n int) (size, end int) {
	n = skipNumber(s, n) // the flags
	v, digits := spaceNumber(s[n:])
	if digits == 0 || v > math.MaxInt32 {
		return 0, 0
	}
	n = skipNumber(s, n+digits) // the cas token
	if len(s) < n+2 || s[n] != '\r' || s[n+1] != '\n' {
		return 0, 0
	}
	return int(v), n + 2
}

// skipNumber returns the end of the space and the digits that begin at s[n], or n if they are not there.
func skipNumber(s []byte, n int) (end int) {
	if n >= len(s) || s[n] != ' ' {
		return n
	}
	end = n + 1
	for end < len(s) && s[end]-'0' <= 9 {
		end++
	}
	if digits := end - (n + 1); digits == 0 || digits > maxDigits {
		return n
	}
	return end
}

// maxDigits is the length of the largest number of 64 bits.
const maxDigits = 20

// spaceNumber parses a space and a number at the start of s. n is the length of both, or 0 if they are not there.
func spaceNumber(s []byte) (v uint64, n int) {
	if len(s) == 0 || s[0] != ' ' {
		return 0, 0
	}
	v, n = parseDigits(s[1:])
	if n == 0 {
		return 0, 0
	}
	return v, n + 1
}

// metaSize returns the size of the value behind the line "VA size flags*", or -1.
func metaSize(line []byte) int {
	v, n := spaceNumber(line[len("VA"):])
	end := len("VA") + n
	if n == 0 || v > math.MaxInt32 || line[end] != ' ' && line[end] != '\r' {
		return -1
	}
	return int(v)
}

func isStatLine(line []byte) bool {
	return bytes.HasPrefix(line, []byte("STAT ")) ||
		bytes.HasPrefix(line, []byte("ITEM ")) || // stats cachedump
		bytes.HasPrefix(line, []byte("PREFIX ")) // stats detail dump
}

// EchoedKey appends to dst the key that a reply to a meta command returns for the k flag. ok is false if there is
// none, or if it is not valid base64 despite a b flag. The reply has it in base64 if the item was stored that way,
// however it was asked for.
func EchoedKey(dst, reply []byte) (key []byte, ok bool) {
	_, rest := cutWord(reply[:max(0, bytes.IndexByte(reply, '\r'))])
	binary := false
	for word, rest := cutWord(rest); len(word) > 0; word, rest = cutWord(rest) {
		switch {
		case word[0] == 'k':
			key, ok = word[1:], true
		case string(word) == "b":
			binary = true
		}
	}
	if !ok || !binary {
		return append(dst, key...), ok
	}
	key, err := base64.StdEncoding.AppendDecode(dst, key)
	return key, err == nil
}
