package backend

import (
	"crypto/md5"
	"encoding/binary"
)

// HashFunc turns a key into the 32 bits that Ring.Pick wants. It borrows key for the call and allocates nothing.
// The functions are twemproxy's, bit for bit on amd64, where C's char is signed: see extend. An empty key gives 0
// with each of them, as twemproxy does not hash it; only djb2, which is magent's, gives its start value 5381.
type HashFunc func(key []byte) uint32

// hashes is every hash function under its name in twemproxy's configuration, in the order of its manual.
var hashes = [...]struct {
	name string
	hash HashFunc
}{
	{"one_at_a_time", oneAtATime},
	{"md5", md5Hash},
	{"crc16", crc16},
	{"crc32", crc32Short},
	{"crc32a", crc32Full},
	{"fnv1_64", fnv1x64},
	{"fnv1a_64", fnv1ax64},
	{"fnv1_32", fnv1x32},
	{"fnv1a_32", fnv1ax32},
	{"hsieh", hsieh},
	{"murmur", murmur},
	{"jenkins", jenkins},
	{"djb2", djb2},
}

// HashByName returns the hash function called name, which is lower case as in twemproxy's configuration,
// and whether there is one.
func HashByName(name string) (HashFunc, bool) {
	for _, h := range hashes {
		if h.name == name {
			return h.hash, true
		}
	}
	return nil, false
}

// HashNames returns the names that HashByName knows, in a slice that the caller owns.
func HashNames() []string {
	names := make([]string, 0, len(hashes))
	for _, h := range hashes {
		names = append(names, h.name)
	}
	return names
}

// extend widens one byte of a key as C does where char is signed: 0x80 becomes 0xffffff80. Half of twemproxy's
// functions read keys through a plain char, so keys with such bytes hash differently from the textbook.
func extend(c byte) uint32 {
	return uint32(int32(int8(c)))
}

// md5Hash is the first four bytes of the MD5 digest (RFC 1321), little-endian; libmemcached's MD5 is the same.
func md5Hash(key []byte) uint32 {
	if len(key) == 0 {
		return 0
	}
	digest := md5.Sum(key)
	return binary.LittleEndian.Uint32(digest[:])
}

// djb2 is magent's only hash: h*33 + c over signed chars, starting from 5381 (D. J. Bernstein), sign bit cleared.
func djb2(key []byte) uint32 {
	h := uint32(5381)
	for _, c := range key {
		h = h*33 + extend(c)
	}
	return h & 0x7fffffff
}
