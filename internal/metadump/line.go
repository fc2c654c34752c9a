package metadump

import (
	"bytes"
	"fmt"
	"strconv"
)

// Item is one line of the dump.
type Item struct {
	Key     []byte // as the client wrote it; valid during the call
	Expires int64  // in seconds since 1970; -1: never
	Size    int    // bytes in the server's memory, including the item's header
}

// parseItem parses a line without its line end, such as
//
//	key=b%2520 exp=-1 la=1795281740 cas=2 fetch=no cls=1 size=64
//
// It skips unknown fields, because later servers have more of them. The key is decoded in place, which overwrites the
// line, so that nothing is allocated.
func parseItem(line []byte) (Item, error) {
	it := Item{Expires: -1}
	encoded, ok := bytes.CutPrefix(line, []byte("key="))
	if !ok {
		return it, unreadable(line)
	}
	encoded, rest, _ := bytes.Cut(encoded, []byte(" "))
	for len(rest) > 0 {
		var field []byte
		field, rest, _ = bytes.Cut(rest, []byte(" "))
		name, value, _ := bytes.Cut(field, []byte("="))
		var err error
		switch string(name) {
		case "exp":
			it.Expires, err = number(value)
		case "size":
			var size int64
			size, err = number(value)
			it.Size = int(size)
		}
		if err != nil {
			return it, unreadable(line)
		}
	}
	if it.Key, ok = decode(encoded); !ok || len(it.Key) == 0 {
		return it, unreadable(line)
	}
	return it, nil
}

// number is strconv.ParseInt for bytes. The compiler keeps the copy of digits off the heap.
func number(digits []byte) (int64, error) {
	return strconv.ParseInt(string(digits), 10, 64)
}

// decode decodes the URI encoding of a key in place. It returns false if the encoding is wrong.
func decode(text []byte) ([]byte, bool) {
	out := text[:0]
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '%' {
			if i+2 >= len(text) {
				return nil, false
			}
			high, low := digit(text[i+1]), digit(text[i+2])
			if high < 0 || low < 0 {
				return nil, false
			}
			c = byte(high<<4 | low)
			i += 2
		}
		out = append(out, c)
	}
	return out, true
}

// digit returns the value of a hexadecimal digit, or -1.
func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

func unreadable(line []byte) error {
	return fmt.Errorf("the dump has a line that cannot be read: %.100q", line)
}
