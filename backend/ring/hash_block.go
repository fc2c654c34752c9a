package ring

import "encoding/binary"

// murmur is Austin Appleby's MurmurHash2 with twemproxy's seed, 0xdeadbeef times the length of the key.
func murmur(key []byte) uint32 {
	const (
		m = 0x5bd1e995
		r = 24
	)
	length := uint32(len(key))
	h := 0xdeadbeef*length ^ length
	for len(key) >= 4 {
		k := binary.LittleEndian.Uint32(key) * m
		k ^= k >> r
		h = h*m ^ k*m
		key = key[4:]
	}
	if len(key) > 0 {
		tail := uint32(0)
		for i, c := range key {
			tail |= uint32(c) << (8 * i)
		}
		h = (h ^ tail) * m
	}
	h ^= h >> 13
	h *= m
	h ^= h >> 15
	return h
}

// hsieh is Paul Hsieh's SuperFastHash in the version of twemproxy and libmemcached. It starts from 0, where the
// original starts from the length. The last byte of a tail of three is sign-extended, that of a tail of one is not.
func hsieh(key []byte) uint32 {
	h := uint32(0)
	for len(key) >= 4 {
		low := uint32(binary.LittleEndian.Uint16(key))
		high := uint32(binary.LittleEndian.Uint16(key[2:]))
		h += low
		h = h<<16 ^ high<<11 ^ h
		h += h >> 11
		key = key[4:]
	}
	switch len(key) {
	case 3:
		h += uint32(binary.LittleEndian.Uint16(key))
		h ^= h << 16
		h ^= extend(key[2]) << 18
		h += h >> 11
	case 2:
		h += uint32(binary.LittleEndian.Uint16(key))
		h ^= h << 11
		h += h >> 17
	case 1:
		h += uint32(key[0])
		h ^= h << 10
		h += h >> 1
	}
	h ^= h << 3
	h += h >> 5
	h ^= h << 4
	h += h >> 17
	h ^= h << 25
	h += h >> 6
	return h
}
