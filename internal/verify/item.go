package verify

import (
	"bytes"
	"strconv"
)

// item is a server's reply to mg.
type item struct {
	found bool
	value []byte // valid until the next reply of the connection
	flags uint64
	ttl   int64 // in seconds, or never
	idle  int64 // how many seconds ago it was stored or last used
	token uint64
	stale bool // the reply has one of the flags W, X and Z
	won   bool // flag W: our read has won the right to recompute the item
}

// readFlags parses the flags of a reply. It returns false if one is invalid.
func (it *item) readFlags(rest []byte) bool {
	for len(rest) > 0 {
		var word []byte
		word, rest, _ = bytes.Cut(rest, []byte(" "))
		if len(word) == 0 {
			continue
		}
		var err error
		switch text := string(word[1:]); word[0] {
		case 'f':
			it.flags, err = strconv.ParseUint(text, 10, 64)
		case 't':
			it.ttl, err = strconv.ParseInt(text, 10, 64)
		case 'l':
			it.idle, err = strconv.ParseInt(text, 10, 64)
		case 'c':
			it.token, err = strconv.ParseUint(text, 10, 64)
		case 'W':
			it.won, it.stale = true, true
		case 'X', 'Z':
			it.stale = true
		}
		if err != nil {
			return false
		}
	}
	return true
}
