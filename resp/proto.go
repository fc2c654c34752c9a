package resp

// Proto is a version of the protocol. The zero value stands for RESP2, too.
type Proto uint8

// The versions, by their numbers in HELLO.
const (
	RESP2 Proto = 2
	RESP3 Proto = 3
)

// Number returns the version as a number.
func (p Proto) Number() int { return int(max(p, RESP2)) }

// The methods below append what has another form in each version.

// AppendNull appends null where RESP2 has a null bulk string.
func (p Proto) AppendNull(dst []byte) []byte {
	if p == RESP3 {
		return append(dst, "_\r\n"...)
	}
	return AppendNull(dst)
}

// AppendNullArray appends null where RESP2 has a null array.
func (p Proto) AppendNullArray(dst []byte) []byte {
	if p == RESP3 {
		return append(dst, "_\r\n"...)
	}
	return AppendArray(dst, -1)
}

// AppendMap appends the header of a map of n pairs. The caller appends keys and values by turns.
func (p Proto) AppendMap(dst []byte, n int) []byte {
	if p == RESP3 {
		return appendLen(dst, '%', n)
	}
	return AppendArray(dst, 2*n)
}

// AppendSet appends the header of a set of n elements.
func (p Proto) AppendSet(dst []byte, n int) []byte {
	if p == RESP3 {
		return appendLen(dst, '~', n)
	}
	return AppendArray(dst, n)
}

// AppendText appends a text for people, of several lines: a verbatim string in RESP3.
func (p Proto) AppendText(dst []byte, text string) []byte {
	if p == RESP3 {
		dst = appendLen(dst, '=', len(verbatimText)+len(text))
		dst = append(append(dst, verbatimText...), text...)
		return append(dst, '\r', '\n')
	}
	return AppendBulkString(dst, text)
}

// verbatimText begins a verbatim string that is plain text.
const verbatimText = "txt:"
