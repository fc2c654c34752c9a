package resp

import "bytes"

// The functions below take apart a whole reply that Framer.Next has framed. What they return aliases the reply.

// ArrayLen returns the number of elements of an array, -1 for the null array, and the elements themselves, for
// NextElement. With !ok the reply is not an array.
func ArrayLen(reply []byte) (n int, elements []byte, ok bool) {
	if len(reply) == 0 || reply[0] != '*' {
		return 0, nil, false
	}
	long, rest, ok := lengthOf(reply)
	return int(long), rest, ok
}

// NextElement returns the first element, of any type, and the elements behind it. element is nil if there is none.
func NextElement(elements []byte) (element, rest []byte) {
	var f Framer
	n, _, _ := f.Next(elements)
	if n == 0 {
		return nil, nil
	}
	return elements[:n:n], elements[n:]
}

// Integer returns the value of an integer. With !ok the reply is not one.
func Integer(reply []byte) (n int64, ok bool) {
	if len(reply) == 0 || reply[0] != ':' {
		return 0, false
	}
	n, _, ok = lengthOf(reply)
	return n, ok
}

// Bulk returns the value of a bulk string. It is nil only for the null bulk string. With !ok the reply is not a bulk
// string.
func Bulk(reply []byte) (value []byte, ok bool) {
	if len(reply) == 0 || reply[0] != '$' {
		return nil, false
	}
	n, rest, ok := lengthOf(reply)
	switch {
	case !ok || n > int64(len(rest)):
		return nil, false
	case n < 0:
		return nil, true
	}
	return rest[:n:n], true
}

// IsError reports whether the reply is an error.
func IsError(reply []byte) bool { return len(reply) > 0 && reply[0] == '-' }

// ErrorText returns the code and the message of an error, without '-' and CRLF.
func ErrorText(reply []byte) []byte {
	if !IsError(reply) {
		return nil
	}
	return bytes.TrimSuffix(reply[1:], []byte("\r\n"))
}

// lengthOf reads the number in the first line, and returns it with the bytes behind that line.
func lengthOf(reply []byte) (n int64, rest []byte, ok bool) {
	if quick, line := quickLen(reply); line > 0 {
		return int64(quick), reply[line:], true
	}
	i := bytes.Index(reply, []byte("\r\n"))
	if i < 1 {
		return 0, nil, false
	}
	n, ok = parseInt(reply[1:i])
	return n, reply[i+2:], ok
}
