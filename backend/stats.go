package backend

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Since returns the difference to before, an earlier state of the same counters. Latency is
// copied, as it is not a counter.
func (s *Stats) Since(before *Stats) Stats {
	return Stats{
		Requests: s.Requests - before.Requests,
		Replies:  s.Replies - before.Replies,
		Errors:   s.Errors - before.Errors,
		Timeouts: s.Timeouts - before.Timeouts,
		Sent:     s.Sent - before.Sent,
		Received: s.Received - before.Received,
		Connects: s.Connects - before.Connects,
		Latency:  s.Latency,
		Waited:   s.Waited.Since(&before.Waited),

		EOFs:            s.EOFs - before.EOFs,
		Failures:        s.Failures - before.Failures,
		ConnectTimeouts: s.ConnectTimeouts - before.ConnectTimeouts,
	}
}

// ended counts the end of a connection, or of an attempt to make one, by its err.
func (s *Stats) ended(err error) {
	switch {
	case errors.Is(err, ErrShutdown), errors.Is(err, ErrTimeout), errors.Is(err, ErrRefill): // we have ended it
	case errors.Is(err, ErrClosed):
		s.EOFs++
	case errors.Is(err, ErrConnect), errors.Is(err, unix.ETIMEDOUT):
		s.ConnectTimeouts++
	default:
		s.Failures++
	}
}

// Queue says how much is on its way to a server and back. A request that is written in part counts as unsent.
type Queue struct {
	Unsent, UnsentBytes   int
	Awaited, AwaitedBytes int
}

// Queue counts the requests in flight, from the last one back, as the bytes that are not written are the last ones.
// It takes time in proportion to their number.
func (c *Conn) Queue() Queue {
	left := len(c.early)
	if c.relay != nil {
		left = c.relay.Unpassed
	} else if c.state == ready {
		left = c.s.Unsent()
	}
	q := Queue{UnsentBytes: left}
	for i := c.fifo.len() - 1; i >= 0; i-- {
		size := int(c.fifo.at(i).size)
		if left > 0 {
			q.Unsent++
			left -= size
			continue
		}
		q.Awaited++
		q.AwaitedBytes += size
	}
	return q
}
