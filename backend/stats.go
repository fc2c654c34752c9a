package backend

import (
	"errors"

	"magent/internal/stats"

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

// Stats counts what happened on a connection and its successors.
type Stats struct {
	Requests uint64
	Replies  uint64
	Errors   uint64 // requests without a reply
	Timeouts uint64
	Sent     uint64 // bytes
	Received uint64
	Connects uint64
	Latency  int64           // nanoseconds from Send to reply, moving average over about 16 replies
	Waited   stats.Histogram // distribution of the same, over all replies

	EOFs uint64 // connections that the server closed
	// Failures: connections, and attempts to make one, that failed in another way; not those that we closed
	Failures        uint64
	ConnectTimeouts uint64 // attempts that took too long
}
