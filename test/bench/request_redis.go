package main

import "strconv"

// The same requests as commands of Redis: GET or MGET, SET or MSET.

// redisWords are the parts of commands that are the same in all requests.
type redisWords struct {
	get, set, ok, bulk []byte // heads of commands; the reply to a set; the line in front of a value
	array              []byte // the line in front of the values of an MGET
}

func newRedisWords(w workload) redisWords {
	number := strconv.Itoa
	r := redisWords{
		get: []byte("*2\r\n$3\r\nGET\r\n"), set: []byte("*3\r\n$3\r\nSET\r\n"), ok: []byte("+OK\r\n"),
		bulk: []byte("$" + number(w.size) + "\r\n"), array: []byte("*" + number(w.width) + "\r\n"),
	}
	if w.width > 1 {
		r.get = []byte("*" + number(1+w.width) + "\r\n$4\r\nMGET\r\n")
		r.set = []byte("*" + number(1+2*w.width) + "\r\n$4\r\nMSET\r\n")
	}
	return r
}

// appendRedis appends the bytes of r to dst.
func (g *generator) appendRedis(dst []byte, r request) []byte {
	head := g.redis.get
	if r.set {
		head = g.redis.set
	}
	dst = append(dst, head...)
	for i := range g.w.width {
		key := g.w.keyOf(r, i)
		dst = append(dst, "$12\r\n"...)
		dst = append(appendKey(dst, key), '\r', '\n')
		if !r.set {
			continue
		}
		dst = append(dst, g.redis.bulk...)
		at := len(dst)
		dst = append(dst, g.filler...)
		stampKey(dst[at:], key)
		dst = append(dst, '\r', '\n')
	}
	return dst
}

// keyOf returns the i-th key of a request.
func (w *workload) keyOf(r request, i int) int32 { return int32((int(r.key) + i*w.stride()) % w.keys) }

// What a client says first to speak RESP3, and how the answer ends. How long the reply to HELLO is depends on the
// server, so a PING follows.
const (
	hello3    = "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n*1\r\n$4\r\nPING\r\n"
	hello3End = "+PONG\r\n"
)
