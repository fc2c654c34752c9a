package main

import (
	"bytes"
	"fmt"
)

// compared is how many bytes of a value are compared. The rest of a longer value is only counted: to read 100 kB again
// for each reply would cost more than some proxies do.
const compared = 1024

// maxLine is the longest reply line, in bytes, that may arrive in pieces.
const maxLine = 512

// tally counts finished requests.
type tally struct{ ops, gets, sets, misses int64 }

// checker compares the replies on one connection with the requests that were sent on it: kind, order, keys, lengths
// and contents of values. It does no I/O, and allocates only to report an error. Its input may be split anywhere.
// After an error it cannot be used any more, because it does not know where the next reply begins.
type checker struct {
	w        workload
	requests []request             // of the batch under way
	head     int                   // the next reply is for requests[head]
	seen     [maxWidth / 64]uint64 // get: bit i%64 of element i/64 is set when the i-th key has come
	values   int                   // get: values that have come; Redis: or have been told to be missing
	inValue  bool
	inArray  bool // Redis: the number of values has come
	redis    redisWords
	at       int    // in a value: bytes of it that have come
	start    []byte // in a value: what its first bytes must be
	carry    []byte // a line of which the end has not come yet
}

func newChecker(g *generator) checker {
	return checker{
		w: g.w, redis: g.redis, requests: make([]request, 0, g.w.depth), carry: make([]byte, 0, maxLine),
		start: bytes.Clone(g.filler[:min(g.w.size, compared)]),
	}
}

// expect appends r to the requests whose replies are expected.
func (c *checker) expect(r request) {
	if c.idle() {
		c.requests, c.head = c.requests[:0], 0
	}
	c.requests = append(c.requests, r)
}

// idle reports whether every request has its reply.
func (c *checker) idle() bool { return c.head == len(c.requests) }

// outstanding returns the number of requests without a complete reply.
func (c *checker) outstanding() int64 { return int64(len(c.requests) - c.head) }

// feed checks the next bytes of the reply stream, which are borrowed for the call. It counts in t the requests that
// they complete.
func (c *checker) feed(b []byte, t *tally) error {
	for len(b) > 0 {
		if c.inValue {
			n, err := c.value(b)
			if err != nil {
				return err
			}
			b = b[n:]
			if c.w.redis && !c.inValue {
				c.element(t)
			}
			continue
		}
		end := bytes.IndexByte(b, '\n') + 1
		if end == 0 {
			if len(c.carry)+len(b) > maxLine {
				return fmt.Errorf("endless reply line: %.80q", b)
			}
			c.carry = append(c.carry, b...)
			return nil
		}
		line := b[:end]
		if len(c.carry) > 0 {
			if len(c.carry)+end > maxLine {
				return fmt.Errorf("endless reply line: %.80q", c.carry)
			}
			c.carry = append(c.carry, line...)
			line, c.carry = c.carry, c.carry[:0]
		}
		if err := c.line(line, t); err != nil {
			return err
		}
		b = b[end:]
	}
	return nil
}

// line checks a whole line, including its end.
func (c *checker) line(b []byte, t *tally) error {
	if c.idle() {
		return fmt.Errorf("reply without a request: %.80q", b)
	}
	if c.w.redis {
		return c.redisLine(b, t)
	}
	r := c.requests[c.head]
	switch {
	case !r.set && len(b) > 6 && string(b[:6]) == "VALUE ":
		return c.header(r, b)
	case !r.set && string(b) == "END\r\n":
		t.gets++
		t.misses += int64(c.w.width - c.values)
	case r.set && string(b) == "STORED\r\n":
		t.sets++
	default:
		return fmt.Errorf("wrong reply to a %s: %.200q", r.kind(), b)
	}
	c.finish(t)
	return nil
}

func (r request) kind() string {
	if r.set {
		return "set"
	}
	return "get"
}

// header checks "VALUE key flags length\r\n" and prepares for the value.
func (c *checker) header(r request, b []byte) error {
	const prefix = len("VALUE ")
	if len(b) < prefix+keyLen+len(" 0 0\r\n") || string(b[prefix+keyLen:prefix+keyLen+3]) != " 0 " {
		return fmt.Errorf("wrong header of a value: %.80q", b)
	}
	key, okKey := parseKey(b[prefix : prefix+keyLen])
	size, okSize := parseNumber(b[prefix+keyLen+3 : len(b)-2])
	if !okKey || !okSize || b[len(b)-2] != '\r' {
		return fmt.Errorf("wrong header of a value: %.80q", b)
	}
	if int(size) != c.w.size {
		return fmt.Errorf("value of %d bytes instead of %d: %.80q", size, c.w.size, b)
	}
	distance, stride := int(key)-int(r.key), c.w.stride()
	if distance < 0 {
		distance += c.w.keys
	}
	index := distance / stride
	if int(key) >= c.w.keys || distance%stride != 0 || index >= c.w.width {
		return fmt.Errorf("value of a key that was not asked for: %.80q", b)
	}
	seen, bit := &c.seen[index/64], uint64(1)<<(index%64)
	if *seen&bit != 0 {
		return fmt.Errorf("the same value twice: %.80q", b)
	}
	*seen |= bit
	c.values++
	c.inValue, c.at = true, 0
	stampKey(c.start, key)
	return nil
}

// value checks the part of b that belongs to the present value, or to the line end after it. It returns the length of
// that part.
func (c *checker) value(b []byte) (int, error) {
	n := min(len(b), c.w.size+2-c.at)
	b = b[:n]
	if c.at < len(c.start) {
		m := min(n, len(c.start)-c.at)
		if !bytes.Equal(b[:m], c.start[c.at:c.at+m]) {
			return 0, fmt.Errorf("wrong value: %.80q instead of %.80q", b[:m], c.start[c.at:c.at+m])
		}
	}
	for i := max(c.w.size-c.at, 0); i < n; i++ {
		if b[i] != "\r\n"[c.at+i-c.w.size] {
			return 0, fmt.Errorf("no line end after the %d bytes of a value but %.80q", c.w.size, b[i:])
		}
	}
	c.at += n
	c.inValue = c.at < c.w.size+2
	return n, nil
}
