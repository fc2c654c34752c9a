package ascii

import "math"

// The numbers of a command line. memcached reads them with strtol and its relatives and then keeps the low
// 32 bits where it needs no more. These functions accept and yield what it does, because a number is forwarded
// as the client wrote it, and proxy and server must agree on its meaning.

// parseInt32 reads an exptime or a length.
func parseInt32(s []byte) (v int32, ok bool) {
	m, neg, ok := parseMagnitude(s)
	switch {
	case !ok:
		return 0, false
	case neg && m <= 1<<63:
		return int32(-m), true
	case !neg && m <= math.MaxInt64:
		return int32(m), true
	}
	return 0, false
}

// parseUint64 reads flags, a cas token or a delta. A minus sign is honoured like strtoull does, modulo 2^64,
// but only when the result would not be negative as a signed number.
func parseUint64(s []byte) (v uint64, ok bool) {
	m, neg, ok := parseMagnitude(s)
	if neg {
		m = -m
		ok = ok && int64(m) >= 0
	}
	return m, ok
}

// parseLength reads the length of a value. More than memcached's limit, 2^31-3, is no length; other than
// memcached this looks at all 64 bits of the number.
func parseLength(s []byte) (n int, ok bool) {
	m, neg, ok := parseMagnitude(s)
	if !ok || m > math.MaxInt32-2 || neg && m != 0 {
		return 0, false
	}
	return int(m), true
}

// parseMagnitude reads the whole of s as white space, a sign and decimal digits. White space may also end
// the number, whatever comes behind it: that is only found in lines with control bytes, which are refused,
// but the length of their value has to be known.
func parseMagnitude(s []byte) (m uint64, neg, ok bool) {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		s = s[1:]
	}
	m, n := parseDigits(s)
	if n == 0 || n < len(s) && !isSpace(s[n]) {
		return 0, neg, false
	}
	return m, neg, true
}

// parseDigits reads the decimal digits at the start of s and says how many there are; none when they
// do not fit 64 bits.
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

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }
