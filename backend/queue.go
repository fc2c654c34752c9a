package backend

import "strconv"

// Fullness tells which limit a connection is at.
type Fullness uint8

const (
	HasRoom    Fullness = iota
	FullQueue           // Options.MaxPending requests have no reply yet
	FullOutput          // more than Options.MaxUnsent bytes wait for the socket
)

// Full tells whether the connection is at one of its limits and should not get new requests. Send does not check this:
// what belongs to a request that was accepted is sent in any case.
func (c *Conn) Full() Fullness {
	switch {
	case c.fifo.len() >= c.opt.MaxPending:
		return FullQueue
	case c.relay == nil && c.s.Unsent()+len(c.early) > c.opt.MaxUnsent,
		c.relay != nil && c.relay.Size() > c.opt.MaxUnsent:
		return FullOutput
	}
	return HasRoom
}

// AppendFull appends to dst why a connection that was f takes no request: the limit, and what to do. f must not be
// HasRoom.
func (c *Conn) AppendFull(dst []byte, f Fullness) []byte {
	if f == FullQueue {
		dst = append(dst, "too many requests in flight ("...)
		dst = strconv.AppendInt(dst, int64(c.opt.MaxPending), 10)
		return append(dst, "); it hangs or is overloaded: send less, or add servers"...)
	}
	dst = append(dst, "too many bytes wait to be sent (more than "...)
	dst = strconv.AppendInt(dst, int64(c.opt.MaxUnsent), 10)
	return append(dst, "); it hangs, or the network is too slow: send less, or add servers"...)
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

// Pending returns the number of requests in flight.
func (c *Conn) Pending() int { return c.fifo.len() }
