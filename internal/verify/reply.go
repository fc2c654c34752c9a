package verify

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"time"
)

// maxValue is larger than any value, in bytes. A reply that announces a longer one is invalid.
const maxValue = 1 << 30

// next reads the reply to an mg into it.
func (c *conn) next(it *item) error {
	line, err := c.line()
	if err != nil {
		return err
	}
	*it = item{ttl: never, value: it.value[:0]}
	word, rest, _ := bytes.Cut(line, []byte(" "))
	size := -1
	switch string(word) {
	case "EN":
		return nil
	case "HD", "OK": // older versions answer OK
	case "VA":
		var digits []byte
		digits, rest, _ = bytes.Cut(rest, []byte(" "))
		if size, err = strconv.Atoi(string(digits)); err != nil || size < 0 || size > maxValue {
			return c.wrong(line)
		}
	default:
		return c.wrong(line)
	}
	it.found = true
	if !it.readFlags(rest) {
		return c.wrong(line)
	}
	if size >= 0 {
		return c.readValue(it, size)
	}
	return nil
}

// readValue reads a value of size bytes and the line end after it.
func (c *conn) readValue(it *item, size int) error {
	if cap(it.value) < size+2 {
		it.value = make([]byte, size+2)
	}
	it.value = it.value[:size+2]
	for rest := it.value; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
		if err := c.SetDeadline(time.Now().Add(c.timeout)); err != nil {
			return c.failed(err)
		}
		if _, err := io.ReadFull(c.r, rest[:min(piece, len(rest))]); err != nil {
			return c.failed(err)
		}
	}
	if end := it.value[size:]; string(end) != "\r\n" {
		return c.wrong(end)
	}
	it.value = it.value[:size]
	return nil
}

// wrong returns the error for a line that is not a reply to the command.
func (c *conn) wrong(line []byte) error {
	return c.failed(fmt.Errorf("it says %.100q", line))
}
