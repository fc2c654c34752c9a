package backend

import "bytes"

// HashTag returns the part of key that is to be hashed, by twemproxy's rule for hash_tag: what stands between the first
// tag[0] and the first tag[1] after it, if that is at least one byte; the whole key otherwise. Both bytes may be the same.
// The result aliases key. A pool without a hash tag must not call it: there is no tag that means "none".
func HashTag(key []byte, tag [2]byte) []byte {
	open := bytes.IndexByte(key, tag[0])
	if open < 0 {
		return key
	}
	rest := key[open+1:]
	if length := bytes.IndexByte(rest, tag[1]); length > 0 {
		return rest[:length:length]
	}
	return key
}
