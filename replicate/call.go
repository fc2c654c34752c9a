package replicate

import (
	"unsafe"

	"magent/ascii"
	"magent/backend"
	"magent/internal/call"
)

// slotTouch is the slot of the first of the touches that go beside a gat, one for each key. The slots of a pair are
// call.Lead and call.Follow; fragments of a retrieval count from 0. A session asks for a few keys in one Call, so
// there is room for all.
const slotTouch = 1 << 15

// Call is one request in the engine: what all calls are, what all plans need, and the state of its plan.
type Call struct {
	call.Call
	e *Engine

	op     ascii.Op
	plan   plan
	quiet  bool
	tokens bool // the reply shows cas tokens, which are to be tagged
	echoes bool // the reply has the key in it (k), as it is in c.key
	shape  ascii.Shape

	lead   int       // the server whose word counts for the key, as it was asked; none: -1
	follow int       // the other one; none: -1
	sent   [2]uint64 // by slot: failover.Dirty.Seq of the server when it was asked

	key  []byte // copy of the key
	head []byte // copy of the command line, where it may be needed again
	body []byte // and of the value

	retry     bool       // planRead: the other copy is asked, after the first could not answer
	mutation             // planMutate, planCompare, planDrop
	many      *retrieval // planRetrieve; nil: never needed
	Unflushed []int      // planFlush: the servers that missed it, for the other loops' engines
}

// NewCall lends a Call whose reply goes to client.
func (e *Engine) NewCall(client call.Client) *Call {
	c := e.free.Get()
	if c == nil {
		c = &Call{e: e}
		c.Make(e.Servers, c, c.recycle)
	}
	c.Lend(client)
	return c
}

// recycle puts c on the free list when nobody needs it any more.
func (c *Call) recycle() {
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

// size is about how many bytes of memory c holds.
func (c *Call) size() int {
	n := int(unsafe.Sizeof(*c)) + cap(c.Held) + cap(c.head) + cap(c.body) + cap(c.key) + cap(c.Note)
	if m := c.many; m != nil {
		n += int(unsafe.Sizeof(*m)) + cap(m.keys) + 2*cap(m.owner) + cap(m.touch) +
			int(unsafe.Sizeof(asking{}))*cap(m.asked) + call.SizeOf(m.replies)
	}
	return n
}

// send asks server i. It reports whether the request was accepted; then OnReply(slot) will come.
func (c *Call) send(i int, slot uint16, head, body []byte, shape ascii.Shape) bool {
	if !c.Send(i, slot, head, body, shape) {
		return false
	}
	if c.echoes {
		c.e.Conns[i].Expect(c.key)
	}
	return true
}

// OnReply takes a server's reply.
func (c *Call) OnReply(slot uint16, from *backend.Conn, r *ascii.Reply) {
	c.Arrived()
	c.Begin()
	switch c.plan {
	case planRead:
		c.onRead(slot, r)
	case planRetrieve:
		c.onFragment(slot, from, r)
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

// finish answers the client, unless it has its answer already.
func (c *Call) finish(kind ascii.Kind, reply []byte) {
	if c.quiet && (c.op < ascii.OpMetaGet || ascii.QuietHides(c.op, kind)) {
		reply = nil
	}
	c.Finish(reply)
}

// fail answers that no server could.
func (c *Call) fail() {
	if c.Answered() {
		return
	}
	c.noteLoss()
	c.Held = c.e.appendUnavailable(c.Held[:0], c)
	c.finish(ascii.ServerError, c.Held)
}

// Lose answers c as Answer does, with the error line for a multi-get of which nobody could answer any part.
func (c *Call) Lose(line []byte) {
	c.op = ascii.OpGet
	c.noteLoss()
	c.Answer(line)
}

// noteLoss counts an error; but in a pool without backups the loss of a part is none yet, as the others may be hits.
func (c *Call) noteLoss() {
	c.Lost = c.Part != call.Whole && c.e.Backups == nil
	if !c.Lost {
		c.e.countError(c.op)
	}
}
