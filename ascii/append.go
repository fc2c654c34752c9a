package ascii

import (
	"bytes"
	"strconv"
)

// AppendHead appends the command line of a Complete request as a server gets it: without noreply and q,
// so that every request has its reply, and with CRLF at the end. The caller appends r.Body.
func AppendHead(dst []byte, r *Request) []byte {
	switch {
	case r.Quiet && r.Op.isMeta():
		return appendFlagsExcept(dst, r, metaFlag('q'))
	case r.Quiet:
		line := trimSpaces(withoutEnd(r.Head))
		return appendLine(dst, trimSpaces(bytes.TrimSuffix(line, []byte("noreply"))))
	case r.Head[0] == ' ': // memcached closes the connection when there are many of them
		return appendLine(dst, trimSpaces(withoutEnd(r.Head)))
	case !bytes.HasSuffix(r.Head, []byte("\r\n")):
		return appendLine(dst, withoutEnd(r.Head))
	}
	return append(dst, r.Head...)
}

// AppendUnconditional appends the head that makes a second server do what a first one did once it had found
// that the cas token fits: for cas the set with the same key, flags, exptime and length, for ms, md and ma the
// same line without the C flag. For other commands it is AppendHead. The caller appends r.Body.
func AppendUnconditional(dst []byte, r *Request) []byte {
	switch {
	case r.Op == OpCAS:
		_, args := cutWord(withoutEnd(r.Head))
		dst = append(dst, "set"...)
		for range 4 {
			var word []byte
			word, args = cutWord(args)
			dst = append(dst, ' ')
			dst = append(dst, word...)
		}
		return appendLine(dst, nil)
	case r.Op.isMeta() && r.Meta.Has('C'):
		return appendFlagsExcept(dst, r, metaFlag('C')|metaFlag('q'))
	}
	return AppendHead(dst, r)
}

// appendFlagsExcept appends the line of a meta command without the flags in drop.
func appendFlagsExcept(dst []byte, r *Request, drop MetaFlags) []byte {
	const first = 2 // index of the first flag, or of the length in ms, which does not look like one
	word, rest := cutWord(withoutEnd(r.Head))
	for i := 0; len(word) > 0; i++ {
		if i < first || !drop.Has(word[0]) {
			if i > 0 {
				dst = append(dst, ' ')
			}
			dst = append(dst, word...)
		}
		word, rest = cutWord(rest)
	}
	return appendLine(dst, nil)
}

// AppendEcho appends what a reply without a value gives back of the line of a meta command: the key that k asks for,
// and the opaque of O, each behind a space, in the order of the flags.
func AppendEcho(dst, line []byte, binary bool) []byte {
	_, rest := cutWord(withoutEnd(line))
	key, rest := cutWord(rest)
	for word, rest := cutWord(rest); len(word) > 0; word, rest = cutWord(rest) {
		switch word[0] {
		case 'O':
			dst = append(append(dst, ' '), word...)
		case 'k':
			dst = append(append(dst, " k"...), key...)
			if binary {
				dst = append(dst, " b"...)
			}
		}
	}
	return dst
}

// AppendRetrieval appends the beginning of the line of a retrieval command: its name and, for gat and gats,
// the exptime. The caller appends a space and a key for every key, then CRLF. It must keep gat and gats lines
// at 2048 bytes, because memcached may close the connection on a longer one; get and gets have no limit.
func AppendRetrieval(dst []byte, op Op, exptime int64) []byte {
	switch op {
	case OpGets:
		return append(dst, "gets"...)
	case OpGat:
		return strconv.AppendInt(append(dst, "gat "...), exptime, 10)
	case OpGats:
		return strconv.AppendInt(append(dst, "gats "...), exptime, 10)
	default:
		return append(dst, "get"...)
	}
}

// AppendTouch appends a touch command. The key must be a TextKey.
func AppendTouch(dst, key []byte, exptime int64) []byte {
	dst = append(dst, "touch "...)
	dst = append(dst, key...)
	dst = append(dst, ' ')
	return appendLine(strconv.AppendInt(dst, exptime, 10), nil)
}

// AppendDelete appends a delete command. The key must be a TextKey.
func AppendDelete(dst, key []byte) []byte {
	dst = append(dst, "delete "...)
	return appendLine(dst, key)
}

// TextKey reports whether the key can stand in a command line as it is. The decoded key of a meta command with
// the b flag may not: it has to be written in base64, with a b flag again.
func TextKey(key []byte) bool {
	return len(key) > 0 && len(key) <= maxKey && bytes.IndexByte(key, ' ') < 0 && !hasControl(key)
}

func appendLine(dst, line []byte) []byte {
	dst = append(dst, line...)
	return append(dst, '\r', '\n')
}
