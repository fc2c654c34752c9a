package ascii

import (
	"bytes"
	"encoding/base64"
)

// maxFlags is how many flags memcached takes in mg. The other commands do not know so many.
const maxFlags = 17

// meta parses mg, md and ma: key flags*.
func (r *Request) meta(args []byte) Status {
	key, flags := cutWord(args)
	switch {
	case len(key) == 0:
		return r.refuse(replyError)
	case len(key) > maxKey:
		return r.refuse(replyBadLine)
	}
	if bad := r.flags(key, flags, len("mg ")+len(key)); bad != nil {
		return r.refuse(bad)
	}
	r.Quiet = r.Meta.Has('q')
	return Complete
}

// metaSet parses ms: key length flags*. q does not suppress any error.
func (r *Request) metaSet(args, buf []byte, maxValue int) Status {
	key, rest := cutWord(args)
	word, flags := cutWord(rest)
	switch {
	case len(key) == 0:
		return r.refuseValue(OpMetaSet, args, replyError)
	case len(key) > maxKey:
		return r.refuseValue(OpMetaSet, args, replyBadLine)
	}
	length, plain, ok := parseLength(word)
	if !ok || length > maxLength {
		return r.refuseValue(OpMetaSet, args, replyBadLine)
	}
	r.plain = r.plain && plain
	if bad := r.flags(key, flags, len("ms ")+len(key)+len(" ")+len(word)); bad != nil {
		return r.refuseValue(OpMetaSet, args, bad)
	}
	st := r.value(length, buf, maxValue)
	r.Quiet = r.Meta.Has('q') // not before: it suppresses no error
	return st
}

// metaDebug parses me: key [b]. memcached looks at no other flag.
func (r *Request) metaDebug(args []byte) Status {
	key, flags := cutWord(args)
	if len(key) == 0 || len(key) > maxKey {
		return r.refuse(replyBadLine)
	}
	if flag, _ := cutWord(flags); string(flag) == "b" {
		r.Meta = metaFlag('b')
	}
	r.plainIf(true, len("me ")+len(key))
	if !r.metaKey(key) {
		return r.refuse(replyBadLine)
	}
	if r.splitsReply() {
		return r.refuse(replyKeyEcho)
	}
	return Complete
}

// flags takes the flags of a meta command and then sets the key; the answer is nil or the error line. size is the length of
// the line before the flags, if that is plain. Each flag has to be one that the command knows, with an argument of the form
// that it needs: a server must find nothing wrong with a line that a value follows.
func (r *Request) flags(key, flags []byte, size int) (bad []byte) {
	n := 0
	for word, rest := cutWord(flags); len(word) > 0; word, rest = cutWord(rest) {
		if n++; n > maxFlags {
			return replyManyFlags
		}
		size += len(" ") + len(word)
		flag := metaFlag(word[0])
		switch {
		case r.Meta&flag != 0 || word[0] >= 0x7f: // memcached calls these bytes duplicate too
			return r.metaError(replyDupFlag)
		case flag == 0:
			return r.metaError(replyBadFlag)
		}
		r.Meta |= flag
		if bad = r.flag(word[0], word[1:]); bad != nil {
			return bad
		}
	}
	r.plainIf(r.Meta&notPlain == 0, size)
	if !r.metaKey(key) {
		return r.metaError(replyBadKey)
	}
	if r.Op == OpMetaGet && r.Meta.Has('k') && r.splitsReply() {
		return replyKeyEcho
	}
	return nil
}

// metaError returns what memcached says about an error in the flags: md and ma have one line for all.
func (r *Request) metaError(reply []byte) []byte {
	if r.Op == OpMetaDelete || r.Op == OpMetaArith {
		return replyBadOrDupFlag
	}
	return reply
}

// metaKey sets the key, decoded if there is a b flag.
func (r *Request) metaKey(key []byte) bool {
	if r.Meta.Has('b') {
		n, err := base64.StdEncoding.Decode(r.scratch[:], key)
		if err != nil {
			return false
		}
		key = r.scratch[:n:n]
	}
	r.Key, r.NumKeys = key, 1
	return true
}

// splitsReply reports whether the key, printed as it is, would end the line of a reply.
func (r *Request) splitsReply() bool { return bytes.IndexByte(r.Key, '\n') >= 0 }
