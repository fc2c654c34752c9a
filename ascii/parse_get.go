package ascii

import "bytes"

// get parses the keys of get and gets.
func (r *Request) get(args []byte) Status {
	return r.keys(args, replyError)
}

// gat parses the exptime and the keys of gat and gats. Without a key memcached answers END.
func (r *Request) gat(args []byte) Status {
	exptime, args := cutWord(args)
	if len(exptime) == 0 {
		return r.refuse(replyError)
	}
	v, _, ok := parseInt32(exptime)
	if !ok {
		return r.refuse(replyBadExptime)
	}
	r.Exptime = int64(v)
	return r.keys(args, replyEnd)
}

// keys checks and counts the keys of a retrieval. If there is no key, none is the reply.
func (r *Request) keys(text, none []byte) Status {
	r.plain = false // retrieval lines are always written anew: split by server, and into pieces
	for len(text) > 0 && text[0] == ' ' {
		text = text[1:]
	}
	r.Keys = text[:len(text):len(text)]
	for {
		key, rest := NextKey(text)
		if len(key) == 0 {
			break
		}
		if len(key) > maxKey {
			return r.refuse(replyBadLine)
		}
		if r.NumKeys == 0 {
			r.Key = key
		}
		r.NumKeys++
		if len(rest) == 0 {
			return Complete
		}
		text = rest
	}
	if r.NumKeys == 0 {
		return r.refuse(none)
	}
	return Complete
}

// NextKey returns the first key in keys and the text behind it. keys is Request.Keys, or the rest that an earlier
// call returned. At the end the key is empty. Both results alias keys.
func NextKey(keys []byte) (key, rest []byte) {
	for len(keys) > 0 && keys[0] == ' ' {
		keys = keys[1:]
	}
	if i := bytes.IndexByte(keys, ' '); i >= 0 {
		return keys[:i:i], keys[i:]
	}
	return keys[:len(keys):len(keys)], nil
}
