package replicate

import (
	"unsafe"

	"magent/internal/call"
)

// NewCall returns a Call whose reply goes to client. It returns to the engine's free list once the client has released
// it and the last server has replied.
func (e *Engine) NewCall(client call.Client) *Call {
	c := e.free.Get()
	if c == nil {
		c = &Call{e: e}
		c.Make(e.Servers, c, c.recycle)
	}
	c.Lend(client)
	return c
}

// recycle puts c on the free list once nobody needs it any more.
func (c *Call) recycle() {
	e := c.e
	c.leave()
	e.answerLate() // c is not used any more
}

func (c *Call) leave() {
	if e := c.e; e.memory.Cache != nil && c.Settled() {
		e.memory.ended(c)
	}
	if c.counted.Counts() && c.Settled() {
		c.e.undecided.End(&c.counted)
	}
	if c.noted != 0 && c.Settled() {
		c.e.Underway.Done(c.noted)
		c.noted = 0
	}
	if c.many != nil && len(c.many.noted) > 0 && c.Settled() {
		c.many.forget(c.e.Underway)
	}
	if c.order != nil && c.Settled() {
		c.e.orders.release(c)
	}
	if !c.Over() {
		return
	}
	if c.order != nil || c.behind != nil || c.Waiting() < 0 {
		c.e.broken("a request that is over still takes part in an order, or has got one reply too many", c.key)
		c.Forsake()
		return // it is not used again
	}
	c.Return()
	c.retry, c.anew, c.echoes, c.fill, c.owed, c.gone = false, false, false, false, false, false
	c.said, c.lacked, c.overdue = false, false, false
	if cap(c.Held)+cap(c.head)+cap(c.body) > call.MaxKept {
		c.Held, c.head, c.body = nil, nil, nil
	}
	c.Unflushed = c.Unflushed[:0]
	if c.many != nil {
		c.many.reset()
	}
	if !c.e.Retired {
		c.e.free.Put(c, c.size())
	}
}

// size returns roughly how many bytes of memory c holds.
func (c *Call) size() int {
	n := int(unsafe.Sizeof(*c)) + cap(c.Held) + cap(c.head) + cap(c.body) + cap(c.key) + cap(c.Note)
	if m := c.many; m != nil {
		n += int(unsafe.Sizeof(*m)) + cap(m.keys) + 8*cap(m.words) + 4*cap(m.hashes) + 2*cap(m.owner) + cap(m.touch) +
			int(unsafe.Sizeof(asking{}))*cap(m.asked) + call.SizeOf(m.replies)
	}
	return n
}
