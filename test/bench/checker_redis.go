package main

import (
	"bytes"
	"fmt"
)

// redisLine checks a whole line in Redis's protocol: the reply to a set, the length of a value, a miss, or the number
// of values of an MGET.
func (c *checker) redisLine(b []byte, t *tally) error {
	r := c.requests[c.head]
	element := !r.set && (c.w.width == 1 || c.inArray)
	switch {
	case r.set && bytes.Equal(b, c.redis.ok):
		t.sets++
		c.finish(t)
	case !r.set && !element && bytes.Equal(b, c.redis.array):
		c.inArray = true
	case element && string(b) == "$-1\r\n":
		t.misses++
		c.element(t)
	case element && bytes.Equal(b, c.redis.bulk):
		c.inValue, c.at = true, 0
		stampKey(c.start, c.w.keyOf(r, c.values))
	default:
		return fmt.Errorf("wrong reply to a %s: %.200q", r.kind(), b)
	}
	return nil
}

// element notes the end of a value, or a miss. The values of an MGET come in the order of the keys.
func (c *checker) element(t *tally) {
	if c.values++; c.values == c.w.width {
		t.gets++
		c.finish(t)
	}
}

// finish notes that the reply to a request is complete.
func (c *checker) finish(t *tally) {
	t.ops++
	c.head++
	clear(c.seen[:])
	c.values, c.inArray = 0, false
}
