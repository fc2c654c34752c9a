package resp

import "math"

// parseInt reads a number as Redis does: no plus sign, no leading zeros, no -0, 64 bits.
func parseInt(b []byte) (n int64, ok bool) {
	digits := b
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		digits = b[1:]
	}
	if len(digits) == 0 || len(digits) > 19 || digits[0] == '0' && len(b) > 1 {
		return 0, false
	}
	var v uint64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
	}
	switch {
	case negative && v <= -math.MinInt64:
		return -int64(v), true
	case !negative && v <= math.MaxInt64:
		return int64(v), true
	}
	return 0, false
}

// quickLen reads the line of a length at the start of b: one byte of type, up to 9 digits without leading zeros, and
// CRLF. It returns the length and the size of the line. For any other line both are 0, and the caller parses it with
// more care.
func quickLen(b []byte) (n, line int) {
	const maxDigits = 9
	if len(b) < 4 || b[1] == '0' && b[2] != '\r' {
		return 0, 0
	}
	i := 1
	for end := min(len(b)-2, maxDigits); i <= end; i++ {
		c := b[i] - '0'
		if c > 9 {
			break
		}
		n = n*10 + int(c)
	}
	if i == 1 || i+1 >= len(b) || b[i] != '\r' || b[i+1] != '\n' {
		return 0, 0
	}
	return n, i + 2
}
