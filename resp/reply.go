package resp

import "bytes"

// The functions below take apart a whole reply that Framer.Next has framed, of either version. What they return
// aliases the reply. Those that ask for a type do not look at attributes in front of it.

// Body returns a reply without its attributes.
func Body(reply []byte) []byte {
	for len(reply) > 0 && reply[0] == '|' {
		n, rest, _ := lengthOf(reply)
		for range 2 * n {
			_, rest = NextElement(rest)
		}
		reply = rest
	}
	return reply
}

// ArrayLen returns the number of elements of an array, -1 for the null array, and the elements themselves, for
// NextElement. With !ok the reply is not an array.
func ArrayLen(reply []byte) (n int, elements []byte, ok bool) {
	if reply = Body(reply); len(reply) == 0 || reply[0] != '*' {
		return 0, nil, false
	}
	long, rest, ok := lengthOf(reply)
	return int(long), rest, ok
}

// NextElement returns the first element, of any type and with its attributes, and the elements behind it. element is
// nil if there is none.
func NextElement(elements []byte) (element, rest []byte) {
	f := Framer{Proto: RESP3}
	n, _, _ := f.Next(elements)
	if n == 0 {
		return nil, nil
	}
	return elements[:n:n], elements[n:]
}

// Integer returns the value of an integer. With !ok the reply is not one.
func Integer(reply []byte) (n int64, ok bool) {
	if reply = Body(reply); len(reply) == 0 || reply[0] != ':' {
		return 0, false
	}
	n, _, ok = lengthOf(reply)
	return n, ok
}

// Bulk returns the value of a bulk string, or of a verbatim string, without its format. It is nil only for null. With
// !ok the reply is nothing of these.
func Bulk(reply []byte) (value []byte, ok bool) {
	reply = Body(reply)
	if len(reply) == 0 || reply[0] != '$' && reply[0] != '=' {
		return nil, len(reply) > 0 && reply[0] == '_'
	}
	n, rest, ok := lengthOf(reply)
	switch {
	case !ok || n > int64(len(rest)):
		return nil, false
	case n < 0:
		return nil, true
	case reply[0] == '=' && n >= int64(len(verbatimText)):
		rest, n = rest[len(verbatimText):], n-int64(len(verbatimText))
	}
	return rest[:n:n], true
}

// IsError reports whether the reply is an error.
func IsError(reply []byte) bool {
	reply = Body(reply)
	return len(reply) > 0 && (reply[0] == '-' || reply[0] == '!')
}

// ErrorText returns the code and the message of an error, without what surrounds them. It is one line.
func ErrorText(reply []byte) []byte {
	switch reply = Body(reply); {
	case !IsError(reply):
		return nil
	case reply[0] == '!':
		n, rest, _ := lengthOf(reply)
		text := rest[:min(int(n), len(rest))]
		if i := bytes.IndexAny(text, "\r\n"); i >= 0 {
			text = text[:i]
		}
		return text
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
