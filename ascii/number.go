package ascii

import "math"

// The numbers of a command line. memcached reads them with strtol and its relatives and then keeps the low 32 bits
// where it needs no more; its later versions are stricter. These functions accept what 1.6.18 accepts, and plain says
// whether a number stands there as it is written for a server: decimal digits, and a minus sign where that means something.

// parseInt32 reads an exptime.
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

// parseUint64 reads a cas token or a delta. A minus sign is honoured like strtoull does, modulo 2^64, but only when the
// result would not be negative as a signed number.
func parseUint64(s []byte) (v uint64, plain, ok bool) {
	m, neg, plain, ok := parseMagnitude(s)
	if neg {
		m = -m
		ok = ok && int64(m) >= 0
	}
	return m, plain && !neg, ok
}

// parseFlags reads client flags, which have 32 bits. Some servers take 64, others refuse them.
func parseFlags(s []byte) (v uint32, plain, ok bool) {
	n, plain, ok := parseUint64(s)
	return uint32(n), plain, ok && n <= math.MaxUint32
}

// maxLength is the largest length of a value that memcached takes.
const maxLength = math.MaxInt32 - 2

// parseLength reads the length that a line tells, also one that is too large for a value.
func parseLength(s []byte) (n int, plain, ok bool) {
	m, neg, plain, ok := parseMagnitude(s)
	if !ok || m > math.MaxInt64 || neg && m != 0 {
		return 0, false, false
	}
	return int(m), plain, true
}

// parseMagnitude reads the whole of s as a sign and decimal digits.
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
