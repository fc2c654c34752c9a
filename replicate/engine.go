package replicate

import (
	"magent/ascii"
	"magent/internal/call"
	"magent/internal/loop"
	"magent/replicate/repair"
)

// Options configures an Engine.
type Options struct {
	Repair     repair.Options
	AckPrimary bool // a mutation is answered as soon as the lead has answered
}

// Engine carries out the requests of one loop on one pool. The repair.Engine in it repairs the servers that missed
// some.
type Engine struct {
	*call.Servers
	*repair.Engine
	ackPrimary bool

	free   loop.Free[Call]
	line   []byte // scratch: a command line being written
	plain  []byte // scratch: a reply without the value
	frags  fragments
	orders orders

	undecided undecided

	casTags []casTag // by server: what its cas tokens are tagged with
	tagged  []byte   // scratch: a reply with tagged tokens
}

// New returns an engine for servers.
func New(servers *call.Servers, opt Options) *Engine {
	e := &Engine{Servers: servers, ackPrimary: opt.AckPrimary, free: loop.NewFree[Call](servers.Spare)}
	e.Engine = repair.New(servers, opt.Repair, e)
	e.orders = newOrders(e.broken, servers.Strict)
	if e.Backups != nil {
		e.undecided = newUndecided()
	}
	e.frags.of = make([]int, 2*len(e.Conns))
	e.casTags = make([]casTag, len(e.Conns))
	return e
}

// Trim releases spare calls and buffers that were not needed since the last call of Trim.
func (e *Engine) Trim() {
	e.free.Trim()
	e.Engine.Trim()
}

// place returns the servers of a key: lead has the authoritative copy, follow the other one. Without backups follow is
// -1. The primary leads, unless it is returning or its value of the key is known to be wrong. A primary that is down
// leads, too: whoever finds that it cannot be asked turns to the backup.
//
// A backup that has begun to lead keeps the lead until everything that it decides is settled, even if the primary is
// back. A copy that is known to be wrong leads only if the other one is no better. In that case the key is deleted on
// it before it is asked (Hide).
func (e *Engine) place(key []byte) (lead, follow int) {
	p, b := e.Pair(key)
	if b < 0 {
		return p, b
	}
	x := e.orders.of(key)
	switch {
	case x != nil && x.lead == b && e.counts(b, key):
		return b, p
	case !e.Health.Usable(p), e.counts(p, key):
		return p, b
	case e.counts(b, key):
		return b, p
	case !e.Health.Readable(p) && e.Health.Usable(b) && e.Dirty(p).Has(key) && !e.Dirty(b).Has(key):
		return b, p // both are returning, and only the primary's copy is dirty
	}
	return p, b
}

// Do carries out r and answers c, now or when the servers have replied. r and everything that it refers to are
// borrowed for the call.
func (e *Engine) Do(c *Call, r *ascii.Request) {
	c.Begin()
	c.op, c.quiet, c.plan = r.Op, r.Quiet, planOf(r)
	c.tokens = e.Backups != nil && showsToken(r)
	c.echoes = r.Op >= ascii.OpMetaGet && r.Meta.Has('k') && ascii.TextKey(r.Key)
	if e.Retired {
		c.finish(ascii.ServerError, goneLine)
	} else {
		e.start(c, r)
	}
	c.End()
	c.recycle()
}

// start carries out r according to its plan. A request for one key takes these steps:
//
//   - place finds the two copies, and lacking checks that their servers know the command.
//   - A read is sent (read).
//   - For a mutation, note records its traits, and begin prepares the key on both copies.
//   - Then the mutation is sent (mutate). One with a cas token gets the server's own token (untag) and is compared
//     (compare).
func (e *Engine) start(c *Call, r *ascii.Request) {
	switch c.plan {
	case planFlush:
		e.flush(c, r)
		return
	case planRetrieve:
		e.retrieve(c, r)
		return
	}
	e.Hot.Touch(r.Key)
	c.lead, c.follow = e.place(r.Key)
	c.shape = r.Shape()
	if c.shape == ascii.ShapeMeta || c.shape == ascii.ShapeTokenMeta {
		if i := e.lacking(c); i >= 0 {
			c.refuse(i)
			return
		}
	}
	if c.plan == planRead {
		e.read(c, r)
		return
	}
	c.key = append(c.key[:0], r.Key...)
	c.note(r)
	e.begin(c)
	if c.plan == planCompare {
		e.untag(c, r)
		e.compare(c, r)
		return
	}
	e.mutate(c, r)
}

// noRoom reports whether the queue of a usable copy is full. Then the mutation is sent to neither copy, so that the
// slow one does not miss it.
func (c *Call) noRoom() bool {
	lead, follow := c.NoRoomAt(call.Lead, c.lead), c.NoRoomAt(call.Follow, c.follow)
	return lead || follow
}

// wire returns the command line and the body of a request, as they are sent to a server. They are valid until the next
// use of e.line, and no longer than r.
func (e *Engine) wire(r *ascii.Request) (head, body []byte) {
	if r.Plain() {
		return r.Head, r.Body
	}
	e.line = ascii.AppendHead(e.line[:0], r)
	return e.line, r.Body
}
