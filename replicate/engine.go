package replicate

import (
	"magent/ascii"
	"magent/internal/call"
	"magent/internal/loop"
	"magent/replicate/repair"
)

// Options are what an Engine needs beside its servers.
type Options struct {
	Repair     repair.Options
	AckPrimary bool // a mutation is answered as soon as the primary has answered
}

// Engine carries out the requests of one loop on one pool, and has what goes wrong made good.
type Engine struct {
	*call.Servers
	*repair.Engine
	ackPrimary bool

	free   loop.Free[Call]
	line   []byte // scratch: a command line being written
	plain  []byte // scratch: a reply without the value
	frags  fragments
	orders orders

	casTags []casTag // by server: what its cas tokens are tagged with
	tagged  []byte   // scratch: a reply with tagged tokens
}

// New returns an engine for servers.
func New(servers *call.Servers, opt Options) *Engine {
	e := &Engine{Servers: servers, ackPrimary: opt.AckPrimary, free: loop.NewFree[Call](servers.Spare)}
	e.Engine = repair.New(servers, opt.Repair, e)
	e.orders = newOrders(e.broken, servers.Strict)
	e.frags.of = make([]int, 2*len(e.Conns))
	e.casTags = make([]casTag, len(e.Conns))
	return e
}

// Trim lets go of what is kept for use again and was not needed since the last call.
func (e *Engine) Trim() {
	e.free.Trim()
	e.Engine.Trim()
}

// place finds the pair of a key: lead is the copy whose word counts, follow the other one, -1 where there are no
// backups. The primary leads, but not while it must not be read, or holds a wrong value of the key. A backup that
// has begun to lead does so until all that it decides about is settled, whether the primary is there or not. A copy
// that is known to be wrong leads only where there is no better one; whoever asks it deletes the key there first
// (Hide).
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
		return b, p // both are returning
	}
	return p, b
}

// Do carries out r and answers c. r and what it refers to are borrowed for the call.
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

// start sends r on its way by its plan. The order is that of every request for one key: which copies it is for
// (place), and whether they have the command (lacking). A read goes out then (read). Of a mutation its traits are
// noted (note), and the key is prepared for it (begin). Then it goes out (mutate), or its token is made that of its
// server (untag), and it is compared (compare).
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

// noRoom reports whether one of the copies that are up can take no more. A mutation is then sent to neither: a copy
// must not miss it only because it is slow.
func (c *Call) noRoom() bool {
	lead, follow := c.NoRoomAt(call.Lead, c.lead), c.NoRoomAt(call.Follow, c.follow)
	return lead || follow
}

// wire returns the two parts of a request for a server, as ascii.AppendHead has them. They are valid until the next
// use of e.line.
func (e *Engine) wire(r *ascii.Request) (head, body []byte) {
	if r.Plain() {
		return r.Head, r.Body
	}
	e.line = ascii.AppendHead(e.line[:0], r)
	return e.line, r.Body
}
