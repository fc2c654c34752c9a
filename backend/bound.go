package backend

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"magent/ascii"
)

// A reply is collected until it is complete. So that a server which goes on without end, or announces what nobody has stored,
// cannot make the process hold that, a reply is bounded: by how many values were asked for and how large they may be, with ample
// room for servers that hold larger ones than the proxy takes.

const (
	replySlack   = 64 << 20  // bytes that any reply may be larger
	redisReply   = 512 << 20 // a Redis's own bound of a value; a reply of many is bounded like one
	helloReply   = 1 << 20   // what a server says of itself before it gets requests
	valueLine    = 512       // the line of a value: its key, numbers and flags
	drainedBytes = 64 << 20  // of a lost connection; who sends more is not going to end
)

// ErrTooLarge: a server sends, or announces, more than can be the reply.
var ErrTooLarge = errors.New("a reply is too large")

// outOfBounds is the error when n bytes are more than the reply to e may have; else nil.
func (c *Conn) outOfBounds(e *entry, n int) error {
	most := replySlack
	switch {
	case c.opt.Redis != nil:
		most += max(redisReply, c.opt.MaxValue)
	case e.shape == ascii.ShapeStats || e.shape == ascii.ShapeLine:
		most = helloReply
	default:
		most += max(1, int(e.keys)) * (c.opt.MaxValue + valueLine)
	}
	if n <= most {
		return nil
	}
	return tooLarge(n, most, "raise max_value if the server holds such values")
}

func tooLarge(n, most int, remedy string) error {
	return fmt.Errorf("%w: %d bytes or more, %d are the limit: %s", ErrTooLarge, n, most, remedy)
}

// keysOf is how many values the reply to a request may have.
func keysOf(head []byte, shape ascii.Shape) uint16 {
	if shape != ascii.ShapeValues {
		return 1
	}
	return uint16(min(bytes.Count(head, gap), math.MaxUint16))
}
