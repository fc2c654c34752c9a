package ascii

import (
	"bytes"
	"math"
)

// Numbers of a command line. memcached 1.6.18 parses them with strtol and its relatives, and drops the upper bits
// where it needs only 32. Later versions are stricter. These functions accept what 1.6.18 accepts. plain says that a
// number has the canonical form: decimal digits, and a minus sign where that has a meaning.

// parseInt32 parses an exptime.
func parseInt32(s []byte) (v int32, plain, ok bool) {
	m, neg, plain, ok := parseMagnitude(s)
	switch {
	case !ok:
		return 0, false, false
	case neg && m <= 1<<63:
		return int32(-m), plain && m <= -math.MinInt32, true
	case !neg && m <= math.MaxInt64:
		return int32(m), plain && m <= math.MaxInt32, true
	}
	return 0, false, false
}

// parseUint64 parses a cas token or a delta. Like strtoull it takes a minus sign, modulo 2^64, but only if the result
// is not negative as a signed number.
func parseUint64(s []byte) (v uint64, plain, ok bool) {
	m, neg, plain, ok := parseMagnitude(s)
	if neg {
		m = -m
		ok = ok && int64(m) >= 0
	}
	return m, plain && !neg, ok
}

// parseFlags parses client flags of 32 bits. Some servers accept 64 bits, others refuse them.
func parseFlags(s []byte) (v uint32, plain, ok bool) {
	n, plain, ok := parseUint64(s)
	return uint32(n), plain, ok && n <= math.MaxUint32
}

// maxLength is the largest length of a value that memcached accepts.
const maxLength = math.MaxInt32 - 2

// parseLength parses the length in a command line. It may be too large for a value.
func parseLength(s []byte) (n int, plain, ok bool) {
	m, neg, plain, ok := parseMagnitude(s)
	if !ok || m > math.MaxInt64 || neg && m != 0 {
		return 0, false, false
	}
	return int(m), plain, true
}

// parseMagnitude parses all of s as an optional sign and decimal digits.
func parseMagnitude(s []byte) (m uint64, neg, plain, ok bool) {
	digits := s
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		digits = s[1:]
	}
	m, n := parseDigits(digits)
	if n == 0 || n < len(digits) {
		return 0, false, false, false
	}
	plain = (neg || n == len(s)) && (digits[0] != '0' || len(s) == 1)
	return m, neg, plain, true
}

// parseDigits parses the decimal digits at the start of s and returns their number n. n is 0 if there are none or if
// they do not fit into 64 bits.
func parseDigits(s []byte) (v uint64, n int) {
	for n < len(s) {
		d := uint64(s[n] - '0')
		if d > 9 {
			break
		}
		if n >= 19 && (v > math.MaxUint64/10 || v*10 > math.MaxUint64-d) {
			return 0, 0
		}
		v = v*10 + d
		n++
	}
	return v, n
}

// MetaNumber returns the number in the reply to ma with the v flag: raw is a line, and a second one with the digits.
func MetaNumber(raw []byte) (n uint64) {
	value := raw[bytes.IndexByte(raw, '\n')+1:]
	for _, d := range value {
		if d < '0' || d > '9' {
			break
		}
		n = n*10 + uint64(d-'0')
	}
	return n
}
