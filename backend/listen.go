package backend

import (
	"magent/ascii"
	"magent/resp"
)

// Listen has f get the messages that a Redis sends, because the only user of the connection has subscribed to them;
// nil: nobody gets any. A message is valid during the call, and f may change it. From the first subscription to the
// end of the last one, all requests must be such that their replies are no messages.
func (c *Conn) Listen(f func(message []byte)) { c.listener = f }

// hear takes the message or the reply at the start of data, and returns its length; 0: it is incomplete.
func (c *Conn) hear(data []byte) (n int, err error) {
	n, need, ok := c.resp.Next(data)
	switch {
	case !ok:
		return 0, ErrGarbage
	case n == 0:
		c.need = max(need, c.resp.Expect())
		return 0, c.outOfBounds(nil, max(len(data), need))
	case resp.IsMessage(data[:n]):
		c.listener(data[:n])
	case c.fifo.len() == 0:
		return 0, ErrUnasked
	default:
		c.reply = ascii.Reply{Kind: ascii.Opaque, Raw: data[:n:n]}
		c.answer(&c.reply)
	}
	return n, nil
}
