package ring

import (
	"crypto/md5"
	"encoding/binary"
)

// HashFunc maps a key to the 32 bits that Ring.Pick takes. It does not keep key, and allocates nothing.
//
// The functions are twemproxy's, bit for bit as on amd64, where C's char is signed (see extend). An empty key gives
// 0, because twemproxy does not hash it. Only djb2, which is from magent, gives its start value 5381.
type HashFunc func(key []byte) uint32

// HashFour is a HashFunc for four keys at once. It gives what that gives for each of them.
type HashFour func(keys [4][]byte) [4]uint32

// hashes lists the hash functions with their names in twemproxy's configuration, in the order of its manual.
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

// HashByName returns the hash function of that name, which is in lower case as in twemproxy's configuration. ok
// is false if there is none.
func HashByName(name string) (HashFunc, bool) {
	for _, h := range hashes {
		if h.name == name {
			return h.hash, true
		}
	}
	return nil, false
}

// HashNames returns the names that HashByName knows, in a new slice.
func HashNames() []string {
	names := make([]string, 0, len(hashes))
	for _, h := range hashes {
		names = append(names, h.name)
	}
	return names
}

// md5Hash returns the first four bytes of the MD5 digest (RFC 1321), little-endian, like libmemcached's MD5.
func md5Hash(key []byte) uint32 {
	if len(key) == 0 {
		return 0
	}
	digest := md5.Sum(key)
	return binary.LittleEndian.Uint32(digest[:])
}

// djb2 is magent's only hash (by D. J. Bernstein): h*33 + c over signed chars, starting from 5381,
// with the sign bit cleared.
func djb2(key []byte) uint32 {
	h := uint32(5381)
	for _, c := range key {
		h = h*33 + extend(c)
	}
	return h & 0x7fffffff
}
