package distribute

import (
	"unsafe"

	"magent/ascii"
	"magent/backend"
	"magent/internal/call"
)

// plan is the way in which a command is carried out.
type plan uint8

const (
	planCommand  plan = iota // by one server
	planTransact             // by one server, a transaction
	planGather               // by several servers, whose replies are merged
	planSeek                 // by one server after the other, until one has something
	planScan                 // by the server that the cursor names
)

// elsewhere returns when a command may be sent to another server because the first one cannot be asked or has failed.
func (p plan) elsewhere() call.Elsewhere {
	if p == planSeek { // any server can carry it out, but it may change something
		return call.Unsent
	}
	return call.Never
}

// Call is one command in the engine. It contains what all calls share (call.Call), and the state of its plan.
type Call struct {
	call.Call
	e      *Engine
	plan   plan
	server int // the server that was asked last

	parts  *gathering // planGather; nil: this Call never carried one out
	search search     // planSeek
	cursor cursor     // planScan
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
	if !c.Over() {
		return
	}
	if c.Waiting() < 0 {
		c.e.Broken("a command has got one reply too many", nil)
		c.Forsake()
		return
	}
	c.Return()
	size := int(unsafe.Sizeof(*c)) + cap(c.Note)
	if cap(c.Held)+cap(c.search.raw) > call.MaxKept {
		c.Held, c.search.raw = nil, nil
	}
	if m := c.parts; m != nil {
		m.reset()
		size += m.memory()
	}
	if !c.e.Retired {
		c.e.free.Put(c, size+cap(c.Held)+cap(c.search.raw))
	}
}

// OnReply handles a server's reply to what was sent with slot. r is valid during the call only.
func (c *Call) OnReply(slot uint16, _ *backend.Conn, r *ascii.Reply) {
	c.Arrived()
	c.Begin()
	switch c.plan {
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
	c.End()
	c.recycle()
}

// fail tells the client that the server could not answer, and why. The reason is in the log, too.
func (c *Call) fail() {
	if c.Answered() {
		return
	}
	c.e.Count.Errors++
	c.Held = append(c.AppendTrouble(append(c.Held[:0], "-ERR "...), call.Lead, c.server), "\r\n"...)
	c.Finish(c.Held)
}
