package resp

import "strconv"

// AppendArray appends the header of an array of n elements. The caller appends the elements. With n = -1 it is the
// null array.
func AppendArray(dst []byte, n int) []byte { return appendLen(dst, '*', n) }

// AppendBulk appends a bulk string.
func AppendBulk(dst, value []byte) []byte {
	dst = appendLen(dst, '$', len(value))
	dst = append(dst, value...)
	return append(dst, '\r', '\n')
}

// AppendBulkString is AppendBulk for a string.
func AppendBulkString(dst []byte, s string) []byte {
	dst = appendLen(dst, '$', len(s))
	dst = append(dst, s...)
	return append(dst, '\r', '\n')
}

// AppendNull appends a null bulk string.
func AppendNull(dst []byte) []byte { return append(dst, "$-1\r\n"...) }

// AppendInt appends an integer.
func AppendInt(dst []byte, n int64) []byte {
	return append(strconv.AppendInt(append(dst, ':'), n, 10), '\r', '\n')
}

// AppendSimple appends a simple string. Control bytes become spaces.
func AppendSimple(dst []byte, s string) []byte { return appendText(append(dst, '+'), s) }

// AppendError appends an error. text is its code and message, without the '-'. Control bytes become spaces.
func AppendError(dst []byte, text string) []byte { return appendText(append(dst, '-'), text) }

// AppendCommand appends a request, as an array of bulk strings.
func AppendCommand(dst []byte, args ...string) []byte {
	dst = AppendArray(dst, len(args))
	for _, arg := range args {
		dst = AppendBulkString(dst, arg)
	}
	return dst
}

func appendLen(dst []byte, kind byte, n int) []byte {
	return append(strconv.AppendInt(append(dst, kind), int64(n), 10), '\r', '\n')
}

func appendText[T string | []byte](dst []byte, text T) []byte {
	start := len(dst)
	dst = append(dst, text...)
	for i, c := range dst[start:] {
		if c < ' ' || c == 0x7f {
			dst[start+i] = ' '
		}
	}
	return append(dst, '\r', '\n')
}
