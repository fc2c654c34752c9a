package ring

import "bytes"

// HashTag returns the part of key that is hashed under twemproxy's option hash_tag. That is the text between
// the first tag[0] and the first tag[1] behind it, or the whole key if that text is empty or missing. Both
// bytes of tag may be equal. The result aliases key. It must not be called for a pool without a hash tag: no
// value of tag means "none".
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
