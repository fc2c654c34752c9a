package ring

import (
	"encoding/binary"
	"math/bits"
)

// oneAtATime is Bob Jenkins' one-at-a-time hash, over signed chars as in twemproxy.
func oneAtATime(key []byte) uint32 {
	h := uint32(0)
	for _, c := range key {
		h += extend(c)
		h += h << 10
		h ^= h >> 6
	}
	h += h << 3
	h ^= h >> 11
	h += h << 15
	return h
}

// jenkins is Bob Jenkins' lookup3 "hashlittle" with the start value 13 of twemproxy and libmemcached. Three words of
// state take in twelve bytes of the key at a time; the last one to twelve bytes are padded with zeros.
func jenkins(key []byte) uint32 {
	if len(key) == 0 {
		return 0
	}
	const start = 0xdeadbeef + 13
	a := start + uint32(len(key))
	b, c := a, a
	for len(key) > 12 {
		a += binary.LittleEndian.Uint32(key)
		b += binary.LittleEndian.Uint32(key[4:])
		c += binary.LittleEndian.Uint32(key[8:])
		a, b, c = lookup3Mix(a, b, c)
		key = key[12:]
	}
	var tail [12]byte
	copy(tail[:], key)
	a += binary.LittleEndian.Uint32(tail[:])
	b += binary.LittleEndian.Uint32(tail[4:])
	c += binary.LittleEndian.Uint32(tail[8:])
	return lookup3Final(a, b, c)
}

// lookup3Mix is lookup3's reversible mixing of the three words between blocks.
func lookup3Mix(a, b, c uint32) (uint32, uint32, uint32) {
	a = (a - c) ^ bits.RotateLeft32(c, 4)
	c += b
	b = (b - a) ^ bits.RotateLeft32(a, 6)
	a += c
	c = (c - b) ^ bits.RotateLeft32(b, 8)
	b += a
	a = (a - c) ^ bits.RotateLeft32(c, 16)
	c += b
	b = (b - a) ^ bits.RotateLeft32(a, 19)
	a += c
	c = (c - b) ^ bits.RotateLeft32(b, 4)
	b += a
	return a, b, c
}

// lookup3Final is lookup3's final mixing; its third word is the hash.
func lookup3Final(a, b, c uint32) uint32 {
	c = (c ^ b) - bits.RotateLeft32(b, 14)
	a = (a ^ c) - bits.RotateLeft32(c, 11)
	b = (b ^ a) - bits.RotateLeft32(a, 25)
	c = (c ^ b) - bits.RotateLeft32(b, 16)
	a = (a ^ c) - bits.RotateLeft32(c, 4)
	b = (b ^ a) - bits.RotateLeft32(a, 14)
	c = (c ^ b) - bits.RotateLeft32(b, 24)
	return c
}
