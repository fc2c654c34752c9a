package ascii

import (
	"bytes"
	"encoding/base64"
)

// maxFlags is how many flags memcached accepts in mg. The other commands have fewer flags than that.
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

// metaSet parses ms: key length flags*. q does not suppress errors.
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
	r.Quiet = r.Meta.Has('q') // set this late, because q does not suppress errors
	return st
}

// metaDebug parses me: key [b]. memcached ignores other flags.
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

// flags parses the flags of a meta command and then sets the key. It returns the error line, or nil. size is the
// length of the line before the flags in canonical form. The command must know each flag, and its argument must have
// the right form: a server must find no error in a line that a value follows.
func (r *Request) flags(key, flags []byte, size int) (bad []byte) {
	n := 0
	for word, rest := cutWord(flags); len(word) > 0; word, rest = cutWord(rest) {
		if n++; n > maxFlags {
			return replyManyFlags
		}
		size += len(" ") + len(word)
		flag := metaFlag(word[0])
		switch {
		case r.Meta&flag != 0 || word[0] >= 0x7f: // memcached calls these bytes duplicates as well
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

// metaKey sets r.Key, decoded if there is a b flag. It reports whether the key is valid.
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

// splitsReply reports whether the key contains a line feed, which would end the line of a reply early.
func (r *Request) splitsReply() bool { return bytes.IndexByte(r.Key, '\n') >= 0 }
