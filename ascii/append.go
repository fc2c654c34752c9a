package ascii

import (
	"bytes"
	"encoding/base64"
	"strconv"
)

// AppendHead appends the command line of a Complete request for a server. The line is in a canonical form that every
// version of memcached parses alike: single spaces, decimal numbers and CRLF. noreply and q are left out, so that
// every request gets a reply. The caller appends r.Body.
func AppendHead(dst []byte, r *Request) []byte {
	if r.plain {
		return append(dst, r.Head...)
	}
	switch {
	case r.Op.isMeta() && r.Op != OpMetaNoop:
		return appendMeta(dst, r, dropped)
	case r.Op.isStorage():
		return appendStorage(dst, r, r.Op)
	}
	switch r.Op {
	case OpGet, OpGets, OpGat, OpGats:
		dst = AppendRetrieval(dst, r.Op, r.Exptime)
		for key, rest := NextKey(r.Keys); len(key) > 0; key, rest = NextKey(rest) {
			dst = append(append(dst, ' '), key...)
		}
		return appendLine(dst, nil)
	case OpDelete:
		return AppendDelete(dst, r.Key)
	case OpIncr, OpDecr:
		dst = append(append(append(dst, opNames[r.Op]...), ' '), r.Key...)
		return appendLine(strconv.AppendUint(append(dst, ' '), r.Delta, 10), nil)
	case OpTouch:
		return AppendTouch(dst, r.Key, r.Exptime)
	case OpFlushAll:
		dst = append(dst, "flush_all"...)
		if r.Exptime > 0 {
			dst = strconv.AppendInt(append(dst, ' '), r.Exptime, 10)
		}
		return appendLine(dst, nil)
	}
	dst = append(dst, opNames[r.Op]...)
	for word, rest := cutWord(r.Args); len(word) > 0 && !isNoreply(word); word, rest = cutWord(rest) {
		dst = append(append(dst, ' '), word...)
	}
	return appendLine(dst, nil)
}

// Plain reports whether Head already is what AppendHead would append.
func (r *Request) Plain() bool { return r.plain }

// AppendUnconditional appends a command line without the condition on the cas token. It repeats on a second server
// what a first one did after it had found the token to match. cas becomes a set with the same key, flags, exptime and
// length; ms, md and ma lose their C flag. For other commands it is AppendHead. The caller appends r.Body.
func AppendUnconditional(dst []byte, r *Request) []byte {
	switch {
	case r.Op == OpCAS:
		return appendStorage(dst, r, OpSet)
	case r.Op.isMeta() && r.Meta.Has('C'):
		return appendMeta(dst, r, dropped|metaFlag('C'))
	}
	return AppendHead(dst, r)
}

// appendStorage appends the line of set and its like, with the command word of op.
func appendStorage(dst []byte, r *Request, op Op) []byte {
	dst = append(append(append(dst, opNames[op]...), ' '), r.Key...)
	dst = strconv.AppendUint(append(dst, ' '), uint64(r.Flags), 10)
	dst = strconv.AppendInt(append(dst, ' '), r.Exptime, 10)
	dst = strconv.AppendInt(append(dst, ' '), int64(len(r.Body)-2), 10)
	if op == OpCAS {
		dst = strconv.AppendUint(append(dst, ' '), r.token, 10)
	}
	return appendLine(dst, nil)
}

// dropped are the flags that are not sent to servers: q, and the hints for proxies.
const dropped MetaFlags = 1<<('q'-'a'+26) | 1<<('L'-'A') | 1<<('P'-'A')

// appendMeta appends the line of a meta command without the flags in drop.
func appendMeta(dst []byte, r *Request, drop MetaFlags) []byte {
	_, rest := cutWord(withoutEnd(r.Head))
	_, flags := cutWord(rest)
	dst = append(append(dst, opNames[r.Op]...), ' ')
	if r.Meta.Has('b') {
		dst = base64.StdEncoding.AppendEncode(dst, r.Key)
	} else {
		dst = append(dst, r.Key...)
	}
	switch r.Op {
	case OpMetaSet:
		_, flags = cutWord(flags)
		dst = strconv.AppendInt(append(dst, ' '), int64(len(r.Body)-2), 10)
	case OpMetaDebug:
		if r.Meta.Has('b') {
			dst = append(dst, " b"...)
		}
		flags = nil
	}
	for word, rest := cutWord(flags); len(word) > 0; word, rest = cutWord(rest) {
		if !drop.Has(word[0]) {
			dst = r.appendFlag(append(dst, ' ', word[0]), word[0], word[1:])
		}
	}
	return appendLine(dst, nil)
}

// appendFlag appends the argument of a flag, with numbers in decimal.
func (r *Request) appendFlag(dst []byte, letter byte, arg []byte) []byte {
	switch formOf(r.Op, letter) {
	case formTime:
		v, _, _ := parseInt32(arg)
		return strconv.AppendInt(dst, int64(v), 10)
	case formNumber, formFlags:
		v, _, _ := parseUint64(arg)
		if letter == 'C' {
			v = r.token
		}
		return strconv.AppendUint(dst, v, 10)
	}
	return append(dst, arg...)
}

// AppendEcho appends the flags that a reply without a value returns from the line of a meta command. These are
// the key, if k asks for it, and the opaque of O, each after a space, in the order of the flags. binary says
// that the key is in base64.
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

// AppendRetrieval appends the start of a retrieval command line: its name and, for gat and gats, the exptime. The
// caller appends a space and a key for every key, then CRLF. Lines of gat and gats must not exceed 2048 bytes,
// because memcached may close the connection on a longer one. Lines of get and gets have no limit.
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

// AppendTouch appends a touch command. TextKey must hold for key.
func AppendTouch(dst, key []byte, exptime int64) []byte {
	dst = append(dst, "touch "...)
	dst = append(dst, key...)
	dst = append(dst, ' ')
	return appendLine(strconv.AppendInt(dst, exptime, 10), nil)
}

// AppendDelete appends a delete command. TextKey must hold for key.
func AppendDelete(dst, key []byte) []byte {
	dst = append(dst, "delete "...)
	return appendLine(dst, key)
}

// TextKey reports whether the key can be written into a command line as it is. That may be false for the decoded key
// of a meta command with the b flag, which has to be sent in base64 with a b flag again.
func TextKey(key []byte) bool {
	return len(key) > 0 && len(key) <= maxKey && bytes.IndexByte(key, ' ') < 0 && !hasControl(key)
}

func appendLine(dst, line []byte) []byte {
	dst = append(dst, line...)
	return append(dst, '\r', '\n')
}
