package replicate

import (
	"unsafe"

	"magent/ascii"
	"magent/backend"
)

// Client is where answers go: upwards, out of this package.
type Client interface {
	// Answer brings the reply to c, once, on the loop's thread, perhaps inside the Do that asked for it. reply is valid
	// during the call; it is empty when the client wants no reply (noreply).
	Answer(c *Call, reply []byte)
}

// Part says which part of a client's request a Call is. Who asks for a part puts the replies together (Call.Lost).
type Part uint8

const (
	Whole Part = iota // all of it
	Piece             // some keys of a multi-get; more follow
	Last              // the last keys of a long one
)

// Slots of the two copies of a mutation, and of the first of the touches that go beside a gat, one for each key.
// Fragments of a retrieval count from 0. A session asks for a few keys in one Call, so there is room for both.
const (
	slotPrimary = 0
	slotBackup  = 1
	slotTouch   = 1 << 15
)

// maxKept bounds the buffers that a Call keeps for its next use.
const maxKept = 16 << 10

// Call is one client request in the engine. It is lent by Engine.NewCall and goes back by Release, which the client
// calls when it has no more use for it; the engine keeps it until then, and until the last server has replied.
type Call struct {
	Next *Call // the client's: its line of calls
	Done bool  // the client's: answered
	Keys int   // the client's: how many keys are asked for
	Size int   // the client's: bytes of the request

	Values int    // the client's: how many values there may be in the reply
	Note   []byte // the client's: what is asked for, in a few words
	Part   Part   // the client's, set before Do: whether this is all of a request
	Lost   bool   // part of a multi-get: nobody could answer for any of its keys, and the reply says why
	At     int64  // the client's: when it was asked, by the loop's clock
	Held   []byte // a reply that has to wait: for the other copy, or (the client's) for the calls in front

	Unflushed []int // the servers that missed a flush_all, for the other loops' engines

	e        *Engine
	client   Client
	released bool
	answered bool
	busy     bool // the engine is at work on it
	waiting  int  // replies to come

	op     ascii.Op
	plan   plan
	quiet  bool
	binary bool // planCompare: the key is sent in base64
	tokens bool // the reply shows cas tokens, which are to be marked
	echoes bool // the reply has the key in it (k), as it is in c.key
	retry  bool // planRead: the backup is asked, after the primary could not answer
	shape  ascii.Shape

	p, b   int // servers of the pair; none: -1
	po, bo outcome
	full   [2]bool   // by slot: the connection had no room for the request
	sent   [2]uint64 // by slot: failover.Dirty.Marks of the server when it was asked
	traits traits

	key  []byte // copy of the key
	head []byte // copy of the command line, where it may be needed again
	body []byte // and of the value

	flushes uint64 // Engine.mark when the mutation was sent

	order  *order // that it takes part in: it holds it, or is queued there, or both
	holds  bool   // the roles must not change before it is settled
	queued bool   // the other copy is still to get it: linked by behind
	behind *Call

	many  *retrieval // planRetrieve
	parts *gathering // planGather
	scan  cursor     // planScan: where it is
	tries int        // planSeek: servers that have not been asked
}

// NewCall lends a Call whose reply goes to client.
func (e *Engine) NewCall(client Client) *Call {
	c := e.free.Get()
	if c == nil {
		c = &Call{e: e}
	}
	c.client = client
	e.lent++
	return c
}

// Release gives c back. The client must not touch it any more. If c is not answered yet, its answer is dropped.
func (c *Call) Release() {
	c.released = true
	c.recycle()
}

// recycle puts c on the free list when nobody needs it any more.
func (c *Call) recycle() {
	if c.order != nil && c.answered && c.waiting == 0 && !c.busy {
		c.e.orders.release(c)
	}
	if !c.released || !c.answered || c.waiting > 0 || c.busy {
		return
	}
	if c.order != nil || c.behind != nil || c.waiting < 0 {
		c.e.broken("a request that is over still takes part in an order, or has got one reply too many", c.key)
		c.e.lent--
		return // it is not used again
	}
	c.Done, c.released, c.answered, c.retry, c.echoes = false, false, false, false, false
	c.client, c.Part, c.Lost, c.full = nil, Whole, false, [2]bool{}
	if cap(c.Held)+cap(c.head)+cap(c.body) > maxKept {
		c.Held, c.head, c.body = nil, nil, nil
	}
	c.Unflushed = c.Unflushed[:0]
	if c.many != nil {
		c.many.reset()
	}
	if c.parts != nil {
		c.parts.reset()
	}
	c.Next = nil
	c.e.lent--
	if !c.e.retired {
		c.e.free.Put(c, c.size())
	}
}

// size is about how many bytes of memory c holds.
func (c *Call) size() int {
	n := int(unsafe.Sizeof(*c)) + cap(c.Held) + cap(c.head) + cap(c.body) + cap(c.key) + cap(c.Note)
	if m := c.many; m != nil {
		n += int(unsafe.Sizeof(*m)) + cap(m.keys) + 2*cap(m.owner) + int(unsafe.Sizeof(asking{}))*cap(m.asked) + cap(m.touch) + sizeOf(m.replies)
	}
	if m := c.parts; m != nil {
		n += int(unsafe.Sizeof(*m)) + 2*cap(m.owner) + 8*cap(m.server) + 8*cap(m.size) + cap(m.failed) + sizeOf(m.replies)
	}
	return n
}

// sizeOf is the memory of a list of buffers, those behind its end included.
func sizeOf(list [][]byte) int {
	n := 24 * cap(list)
	for _, b := range list[:cap(list)] {
		n += cap(b)
	}
	return n
}

// trim empties a buffer, and drops one that is too large to be kept.
func trim(b []byte) []byte {
	if cap(b) > maxKept {
		return nil
	}
	return b[:0]
}

// Keep copies reply into Held, where it may lie already.
func (c *Call) Keep(reply []byte) {
	c.Held = append(c.Held[:0], reply...)
}

// send asks server i. It reports whether the request was accepted; then OnReply(slot) will come.
func (c *Call) send(i int, slot uint16, head, body []byte, shape ascii.Shape) bool {
	if i < 0 || !c.e.opt.Health.Usable(i) || !c.e.opt.Conns[i].Send(head, body, shape, c, slot) {
		return false
	}
	if c.echoes {
		c.e.opt.Conns[i].Expect(c.key)
	}
	c.waiting++
	return true
}

// OnReply takes a server's reply.
func (c *Call) OnReply(slot uint16, from *backend.Conn, r *ascii.Reply) {
	c.waiting--
	c.busy = true
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
	case planCommand:
		c.onCommand(r)
	case planGather:
		c.onPart(slot, r)
	case planTransact:
		c.onQueued(slot, r)
	case planSeek:
		c.onSought(r)
	case planScan:
		c.onScanned(r)
	}
	c.busy = false
	c.recycle()
}

// finish answers the client, unless it has its answer already.
func (c *Call) finish(kind ascii.Kind, reply []byte) {
	if c.answered {
		return
	}
	c.answered = true
	if c.quiet && (c.op < ascii.OpMetaGet || ascii.QuietHides(c.op, kind)) {
		reply = nil
	}
	if !c.released {
		c.client.Answer(c, reply)
	}
}

// Answer answers c without any server: with a line of the proxy's own, or with what another loop's engine has found.
// The client sees it as it sees every answer.
func (c *Call) Answer(reply []byte) {
	c.answered = true
	if !c.released {
		c.client.Answer(c, reply)
	}
	c.recycle()
}

// fail answers that no server could.
func (c *Call) fail() {
	if c.answered {
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
	c.Lost = c.Part != Whole && c.e.opt.Backups == nil
	if !c.Lost {
		c.e.countError(c.op)
	}
}
