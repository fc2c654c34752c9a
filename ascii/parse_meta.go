package ascii

import (
	"bytes"
	"encoding/base64"
)

// maxMetaWords is how many words memcached takes in a meta command behind the command word.
const maxMetaWords = 18

// meta parses mg, md and ma: key flags*.
func (r *Request) meta(args []byte) Status {
	key, flags := cutWord(args)
	switch {
	case len(key) == 0:
		return r.refuse(replyError)
	case len(key) > maxKey:
		return r.refuse(replyBadLine)
	case countWords(args) > maxMetaWords && r.Op == OpMetaGet:
		return r.refuse(replyManyFlagsOfMG)
	case countWords(args) > maxMetaWords:
		return r.refuse(replyManyFlags)
	}
	if bad := r.flags(key, flags); bad != nil {
		return r.refuse(bad)
	}
	r.Quiet = r.Meta.Has('q')
	return Complete
}

// metaSet parses ms: key length flags*. Once the length is known, memcached consumes the value of a refused
// request too. q does not suppress any error.
func (r *Request) metaSet(args, buf []byte, maxValue int) Status {
	key, rest := cutWord(args)
	word, flags := cutWord(rest)
	switch {
	case len(key) == 0:
		return r.refuse(replyError)
	case len(key) > maxKey:
		return r.refuse(replyBadLine)
	case countWords(args) > maxMetaWords:
		return r.refuse(replyManyFlags)
	}
	length, ok := parseLength(word)
	if !ok {
		return r.refuse(replyBadLine)
	}
	if bad := r.flags(key, flags); bad != nil {
		r.Swallow = length + 2
		return r.refuse(bad)
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
	if !r.metaKey(key) {
		return r.refuse(replyBadLine)
	}
	if r.splitsReply() {
		return r.refuse(replyKeyEcho)
	}
	return Complete
}

// flags collects the flags of a meta command and then sets the key; the answer is nil or the error line.
// What a letter means, and what has to follow it, is left to the server. But only one q is taken off the line on
// its way to a server, so memcached's ban on repeated flags is enforced here.
func (r *Request) flags(key, flags []byte) (bad []byte) {
	for word, rest := cutWord(flags); len(word) > 0; word, rest = cutWord(rest) {
		flag := metaFlag(word[0])
		switch {
		case r.Meta&flag != 0 || word[0] >= 0x7f: // memcached calls these bytes duplicate too
			return r.metaError(replyDupFlag)
		case flag == 0:
			return r.metaError(replyBadFlag)
		}
		r.Meta |= flag
	}
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
