package main

import "strconv"

const (
	keyLen  = 12 // "key-00000000"
	maxKeys = 100_000_000
)

// request is one command. A set has width keys in Redis's protocol, else one. A get has key and width-1 others at
// stride distances.
type request struct {
	key int32
	set bool
}

// generator makes random requests and their bytes. Each worker thread has one.
type generator struct {
	w      workload
	random uint64
	middle []byte // " 0 0 SIZE\r\n", between the key and the value of a set
	zipf   zipf
	redis  redisWords
	filler []byte // what values are made of, size bytes; its first keyLen bytes give way to the key
}

func newGenerator(w workload, seed uint64) *generator {
	z := zipf{}
	if w.zipf {
		z = newZipf(w.keys)
	}
	return &generator{
		zipf: z, w: w, random: seed | 1, redis: newRedisWords(w),
		middle: append(strconv.AppendInt([]byte(" 0 0 "), int64(w.size), 10), '\r', '\n'),
		filler: newFiller(w.size),
	}
}

func newFiller(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = "0123456789abcdefghijklmnopqrstuvwxyz\n\r VALUE END "[i%49]
	}
	return b
}

// next returns the next request. Its xorshift generator is good enough, and takes only a few instructions.
func (g *generator) next() request {
	x := g.random
	x ^= x << 13
	x ^= x >> 7
	x ^= x << 17
	g.random = x
	key := int32(x >> 32 % uint64(g.w.keys))
	if g.w.zipf {
		key = g.zipf.rank(float64(x>>16) / (1 << 48))
	}
	return request{key: key, set: int(x&0xffff)*100>>16 < g.w.sets}
}

// append appends the bytes of r to dst.
func (g *generator) append(dst []byte, r request) []byte {
	if g.w.redis {
		return g.appendRedis(dst, r)
	}
	if r.set {
		dst = append(dst, "set "...)
		dst = appendKey(dst, r.key)
		dst = append(dst, g.middle...)
		at := len(dst)
		dst = append(dst, g.filler...)
		stampKey(dst[at:], r.key)
		return append(dst, '\r', '\n')
	}
	dst = append(dst, "get"...)
	for i := range g.w.width {
		dst = append(dst, ' ')
		dst = appendKey(dst, g.w.keyOf(r, i))
	}
	return append(dst, '\r', '\n')
}

// room is the number of bytes that the longest batch needs.
func (g *generator) room() int {
	if g.w.redis {
		return g.w.depth * (32 + g.w.width*(32+keyLen+g.w.size))
	}
	return g.w.depth * (64 + g.w.size + g.w.width*(keyLen+1))
}

func appendKey(dst []byte, key int32) []byte {
	dst = append(dst, "key-00000000"...)
	writeDigits(dst[len(dst)-keyLen:], key)
	return dst
}

// stampKey writes key over the start of value, so that values differ from key to key.
func stampKey(value []byte, key int32) {
	if len(value) >= keyLen {
		copy(value, "key-00000000")
		writeDigits(value[:keyLen], key)
	}
}

func writeDigits(b []byte, key int32) {
	for i := keyLen - 1; key > 0; i-- {
		b[i] = byte('0' + key%10)
		key /= 10
	}
}

// parseKey parses what appendKey has written. It returns false if b is not such a key.
func parseKey(b []byte) (int32, bool) {
	if len(b) != keyLen || string(b[:4]) != "key-" {
		return 0, false
	}
	return parseNumber(b[4:])
}

func parseNumber(b []byte) (int32, bool) {
	n := int32(0)
	for _, d := range b {
		if d < '0' || d > '9' || n > 1e8 {
			return 0, false
		}
		n = n*10 + int32(d-'0')
	}
	return n, len(b) > 0
}
