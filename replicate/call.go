package replicate

import (
	"unsafe"

	"magent/ascii"
	"magent/backend"
	"magent/internal/call"
)

// slotTouch is the slot of the first touch that accompanies a gat. Each key has one touch, in the order of the keys.
// The slots of a pair are call.Lead and call.Follow; fragments of a retrieval count from 0. A session asks for only a
// few keys in one Call, so the ranges never overlap.
const slotTouch = 1 << 15

// Call is one request in the engine. It contains what memcached and Redis calls share (call.Call), what all plans
// need, and the state of its own plan.
type Call struct {
	call.Call
	e *Engine

	op     ascii.Op
	plan   plan
	quiet  bool
	tokens bool // the reply contains cas tokens, which must be tagged
	echoes bool // the reply repeats the key (flag k), exactly as it is in c.key
	shape  ascii.Shape

	lead   int       // the server that led the key when the request was sent; -1: none
	follow int       // the server of the other copy; -1: none
	sent   [2]uint64 // by slot: failover.Dirty.Seq of the server when the request was sent

	key  []byte // copy of the key
	head []byte // copy of the command line, if it may be needed again
	body []byte // copy of the value, if it may be needed again

	retry     bool       // planRead: the first copy could not answer, so the other one was asked
	mutation             // planMutate, planCompare, planDrop
	many      *retrieval // planRetrieve; nil: this Call never carried one out
	Unflushed []int      // planFlush: the servers that missed it; the engines of other loops need to know
}

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
	if c.counted != nil && c.Settled() {
		*c.counted--
		c.counted = nil
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
	c.retry, c.echoes = false, false
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
		n += int(unsafe.Sizeof(*m)) + cap(m.keys) + 2*cap(m.owner) + cap(m.touch) +
			int(unsafe.Sizeof(asking{}))*cap(m.asked) + call.SizeOf(m.replies)
	}
	return n
}

// send sends the request to server i. It reports whether the connection accepted it; if so, OnReply will be called
// with slot. A copy of the key that has been read, or is about to be, is older than a mutation that is sent now.
func (c *Call) send(i int, slot uint16, head, body []byte, shape ascii.Shape) bool {
	if c.counted != nil {
		c.e.Overtaken(c.key)
	}
	if !c.Send(i, slot, head, body, shape) {
		return false
	}
	if c.echoes {
		c.e.Conns[i].Expect(c.key)
	}
	return true
}

// OnReply handles a server's reply to what was sent with slot. r is valid during the call only.
func (c *Call) OnReply(slot uint16, from *backend.Conn, r *ascii.Reply) {
	c.Arrived()
	c.Begin()
	switch c.plan {
	case planRead:
		c.onRead(slot, r)
	case planRetrieve:
		if slot >= slotTouch {
			c.onTouch(int(slot-slotTouch), r)
		} else {
			c.onFragment(slot, from, r)
		}
	case planMutate, planDrop:
		c.onMutated(slot, r)
	case planCompare:
		c.onCompared(slot, r)
	case planFlush:
		c.onFlushed(slot, from, r)
	}
	c.End()
	c.recycle()
}

// finish answers the client, unless it already has its answer. A quiet command (noreply, q) gets no reply.
func (c *Call) finish(kind ascii.Kind, reply []byte) {
	if c.quiet && (c.op < ascii.OpMetaGet || ascii.QuietHides(c.op, kind)) {
		reply = nil
	}
	c.Finish(reply)
}

// fail tells the client that no server could answer.
func (c *Call) fail() {
	if c.Answered() {
		return
	}
	c.noteLoss()
	c.Held = c.e.appendUnavailable(c.Held[:0], c)
	c.finish(ascii.ServerError, c.Held)
}

// Lose answers c, a part of a multi-get, with an error line: nobody could answer any key of it.
func (c *Call) Lose(line []byte) {
	c.op = ascii.OpGet
	c.noteLoss()
	c.Answer(line)
}

// noteLoss counts an error. The exception is a part of a multi-get of which the client gets what there is: the other
// parts may still be hits, so only Lost is set.
func (c *Call) noteLoss() {
	c.Lost = c.Part != call.Whole && c.e.Partial()
	if !c.Lost {
		c.e.countError(c.op)
	}
}
