package backend

import (
	"errors"
	"fmt"

	"magent/ascii"
)

// A reply is collected until it is complete. Its size is limited, so that no server can fill the memory by endless
// replies or absurd announcements. The limit follows from the number of values asked for and their maximum size, with
// ample room for servers that hold larger values than the proxy accepts.

const (
	replySlack   = 64 << 20  // bytes by which any reply may be larger
	redisReply   = 512 << 20 // Redis' own limit for a value; a reply with many values gets the same limit
	helloReply   = 1 << 20   // bytes that a server may send about itself, before it gets requests
	valueLine    = 512       // bytes of a VALUE line: the key, numbers and flags
	drainedBytes = 64 << 20  // bytes that are read from a lost connection; a server that sends more will not stop
)

// ErrTooLarge is the error if a server sends or announces more bytes than the reply can have.
var ErrTooLarge = errors.New("a reply is too large")

// outOfBounds returns an error if n bytes are more than the reply to e may have, else nil.
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
	return fmt.Errorf("%w: at least %d bytes, the limit is %d: %s", ErrTooLarge, n, most, remedy)
}
