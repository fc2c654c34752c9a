package resp

import "strings"

// IsMessage reports whether a complete element is a message for a subscriber: what was published, but not the
// confirmation that something was subscribed to. In RESP2 it is an array, in RESP3 it is pushed.
func IsMessage(element []byte) bool {
	kind, _, _ := Message(element)
	return kind != ""
}

// Message takes a message for a subscriber apart: "message", "pmessage" or "smessage", and the channel or pattern that
// was subscribed to. kind is empty if the element is none.
func Message(element []byte) (kind string, name []byte, ok bool) {
	n, rest, ok := arrayOrPush(element)
	if !ok || n != 3 && n != 4 {
		return "", nil, false
	}
	word, rest := NextElement(rest)
	text, _ := Bulk(word)
	switch kind = string(text); {
	case n == 3 && (kind == "message" || kind == "smessage"), n == 4 && kind == "pmessage":
		element, _ = NextElement(rest)
		name, ok = Bulk(element)
		return kind, name, ok
	}
	return "", nil, false
}

// arrayOrPush is ArrayLen, also for what is pushed.
func arrayOrPush(element []byte) (n int, elements []byte, ok bool) {
	if len(element) > 0 && element[0] == '>' {
		long, rest, ok := lengthOf(element)
		return int(long), rest, ok
	}
	return ArrayLen(element)
}

// AppendPush appends the header of a message of n elements that was not asked for: of an array in RESP2.
func (p Proto) AppendPush(dst []byte, n int) []byte {
	return appendLen(dst, p.PushType(), n)
}

// PushType returns the first byte of such a message.
func (p Proto) PushType() byte {
	if p == RESP3 {
		return '>'
	}
	return '*'
}

// Subscribes reports whether a command changes what its client has subscribed to.
func (c *Command) Subscribes() bool {
	return c.Route == RouteLocal && strings.HasSuffix(c.Name, "subscribe")
}
