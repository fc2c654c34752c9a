package replicate

import (
	"magent/ascii"
	"magent/internal/call"
	"magent/internal/fault"
	"magent/replicate/decide"
)

// What waits in the queue of an order is sent to the other copy when the compare in front of it is decided (advance).
// If the order ends before that, everything in the queue is sent (dissolve).

// Overruled notes that server i leads key no more. The other copy at once gets what is queued for it. Only compares
// that i has not decided yet are left out: their clients are told that somebody else changed the value (compareLost).
func (e *Engine) Overruled(i int, key []byte) {
	if e.memory.Cache != nil {
		e.memory.Cache.Out(key)
	}
	if x := e.orders.of(key); x != nil && x.lead == i && !fault.Order {
		e.dissolve(x)
	}
}

// OverruledAll is Overruled for all keys.
func (e *Engine) OverruledAll(i int) {
	e.Forget()
	if len(e.orders.m) == 0 || fault.Order {
		return
	}
	for _, x := range e.orders.ledBy(i) {
		if !x.gone && x.lead == i {
			e.dissolve(x)
		}
	}
}

// advance sends the other copy what waited for a compare that is decided now, up to the next compare in the queue.
func (e *Engine) advance(x *order) {
	x.held++
	for c := e.orders.ready(x); c != nil; c = e.orders.ready(x) {
		c.catchUp(x)
	}
	x.held--
	e.orders.check(x, true)
	if x.first == nil && x.spoiled {
		x.spoiled = false
		e.MarkMissed(e.follower(x), x.key)
	}
	e.orders.tidy(x)
}

// dissolve ends an order although compares in it are not decided yet.
func (e *Engine) dissolve(x *order) {
	e.orders.remove(x)
	x.held++ // keeps x and its key alive until tidy
	for c := x.first; c != nil; c = x.first {
		e.orders.unlink(x, c)
		if c.plan == decide.PlanCompare {
			e.orders.leave(c, x)
		} else {
			c.catchUp(x)
		}
	}
	if x.spoiled {
		e.MarkMissed(e.follower(x), x.key)
	}
	x.held--
	e.orders.tidy(x)
}

// catchUp sends a mutation that waited behind a compare to the other copy.
func (c *Call) catchUp(x *order) {
	c.Begin()
	c.Arrived()
	c.lacked = c.lacked || c.lacks()
	c.e.cleanAt(c, call.Follow)
	sent := c.send(c.follow, call.Follow, c.head, c.body, c.shape)
	c.e.orders.leave(c, x)
	if !sent {
		c.onMutated(call.Follow, &ascii.Reply{Kind: ascii.Lost, Unsent: true})
	}
	c.End()
	c.recycle()
}

// follower returns the server of the copy that does not lead x.
func (e *Engine) follower(x *order) int {
	p, b := e.Pair(x.key)
	if b == x.lead {
		return p
	}
	return b
}
