package session

import (
	"bytes"
	"unsafe"

	"magent/ascii"
	"magent/internal/call"
	"magent/internal/pool"
	"magent/replicate"
)

// forward is a request on its way to the loop that owns its key, and then the reply on its way back. It belongs to the
// loop that it is on: the home loop, the owner, and the home loop again. It refers to the part of the client's pool on
// the owner. If a reload has replaced that, its engine answers with an error.
type forward struct {
	home, owner *Shard
	pool        *pool.Pool      // the owner's part
	call        *replicate.Call // home's: the client's place in line; nil when fanout is set
	fanout      *fanout         // home's: the multi-get that this is a part of
	part        uint16
	kind        call.Part
	back        bool
	lost        bool   // see Call.Lost
	req         []byte // the request as received
	reply       []byte

	// A set that is refused for its size has these fields in place of req.
	op    ascii.Op
	quiet bool
	key   []byte
	line  []byte
}

func (sh *Shard) newForward(owner *Shard, p *pool.Pool, c *replicate.Call, req []byte) *forward {
	e := sh.forwards.Get()
	if e == nil {
		e = &forward{home: sh}
	}
	e.owner, e.pool, e.call, e.back = owner, p.Peers[owner.ID], c, false
	e.kind = call.Piece // of a fanout
	if c != nil {
		e.kind = c.Part
	}
	e.req = append(e.req[:0], req...)
	return e
}

// SendDrop sends a set that is refused for its size to the owner of its key. c is answered when the reply is back.
func (sh *Shard) SendDrop(owner *Shard, p *pool.Pool, c *replicate.Call, r *ascii.Request) {
	e := sh.newForward(owner, p, c, nil)
	e.key = append(e.key[:0], r.Key...)
	e.line = append(e.line[:0], r.Reply...)
	e.quiet, e.op = r.Quiet, r.Op
	sh.L.SendTo(owner.L, e)
}

// Send sends a request for a pool to its owner. c is answered when the reply is back.
func (sh *Shard) Send(owner *Shard, p *pool.Pool, c *replicate.Call, req []byte) {
	sh.L.SendTo(owner.L, sh.newForward(owner, p, c, req))
}

// Run is called by the owner's loop, and with the reply by the home loop.
func (e *forward) Run() {
	if e.back {
		e.deliver()
		return
	}
	engine := e.pool.Engine
	c := engine.NewCall(e)
	c.Part = e.kind
	r := &e.owner.req
	if len(e.req) == 0 {
		*r = ascii.Request{Op: e.op, Quiet: e.quiet, Key: e.key}
		engine.Drop(c, r, e.line)
		return
	}
	if n, st := ascii.Next(e.req, e.pool.Limits, r); st != ascii.Complete || n != len(e.req) {
		panic("session: a request that was accepted by one loop is refused by another")
	}
	engine.Do(c, r)
}

// Answer takes the reply on the owner's loop and sends it home.
func (e *forward) Answer(c *call.Call, reply []byte) {
	e.reply = append(e.reply[:0], reply...)
	e.lost = c.Lost
	c.Release()
	e.back = true
	e.owner.L.SendTo(e.home.L, e)
}

// deliver passes the reply on, at home.
func (e *forward) deliver() {
	if e.fanout != nil {
		e.fanout.take(e)
		return
	}
	if e.lost {
		e.call.Lose(e.reply)
	} else {
		e.call.Answer(e.reply)
	}
	e.free()
}

func (e *forward) free() {
	sh := e.home
	e.call, e.fanout, e.pool = nil, nil, nil
	if cap(e.req) > maxForwardBuffer {
		e.req = nil
	}
	if cap(e.reply) > maxForwardBuffer {
		e.reply = nil
	}
	sh.forwards.Put(e, int(unsafe.Sizeof(*e))+cap(e.req)+cap(e.reply)+cap(e.key)+cap(e.line))
}

// maxForwardBuffer is the largest buffer that a forward keeps for its next use.
const maxForwardBuffer = 16 << 10

// fanout is a multi-get whose keys belong to several loops.
type fanout struct {
	call    *replicate.Call
	keys    []byte
	owner   []uint16 // the part of each key
	parts   []*forward
	replies [][]byte
	waiting int
	refused []byte // a server's error line: it is the answer to all
	found   bool   // one part at least is not lost
}

// Fanout splits a multi-get by owner and sends each loop its part. c is answered when all replies are back.
func (sh *Shard) Fanout(p *pool.Pool, c *replicate.Call, r *ascii.Request) {
	g := sh.fanouts.Get()
	if g == nil {
		g = &fanout{}
	}
	g.call, g.refused, g.found = c, g.refused[:0], false
	g.keys = append(g.keys[:0], r.Keys...)
	g.owner, g.parts = g.owner[:0], g.parts[:0]
	for range sh.group.Shards {
		g.parts = append(g.parts, nil)
	}
	for key, rest := ascii.NextKey(g.keys); len(key) > 0; key, rest = ascii.NextKey(rest) {
		owner := sh.group.OwnerOf(key)
		e := g.parts[owner.ID]
		if e == nil {
			e = sh.newForward(owner, p, nil, nil)
			e.fanout, e.part = g, uint16(owner.ID)
			e.req = ascii.AppendRetrieval(e.req, r.Op, r.Exptime)
			g.parts[owner.ID] = e
		}
		e.req = append(append(e.req, ' '), key...)
		g.owner = append(g.owner, uint16(owner.ID))
	}
	for _, e := range g.parts {
		if e != nil {
			e.req = append(e.req, crlf...)
			g.waiting++
			if e.owner == sh {
				e.Run() // now: what the client asks next must not overtake it
			} else {
				sh.L.SendTo(e.owner.L, e)
			}
		}
	}
}

// take takes the reply to one part. The last one answers the call.
func (g *fanout) take(e *forward) {
	sh := e.home
	g.found = g.found || !e.lost
	if !e.lost && (!bytes.HasSuffix(e.reply, endLine) || bytes.HasPrefix(e.reply, serverError)) {
		g.refused = append(g.refused[:0], e.reply...)
	}
	g.parts[e.part] = e
	if g.waiting--; g.waiting > 0 {
		return
	}
	switch {
	case len(g.refused) > 0:
		g.call.Answer(g.refused)
	case !g.found:
		g.call.Lose(e.reply)
	default:
		sh.Line = g.merge(sh.Line[:0])
		g.call.Answer(sh.Line)
	}
	for _, e := range g.parts {
		if e != nil {
			e.free()
		}
	}
	g.call = nil
	clear(g.parts)
	lists := 2*cap(g.owner) + 8*cap(g.parts) + 24*cap(g.replies)
	sh.fanouts.Put(g, int(unsafe.Sizeof(*g))+cap(g.keys)+cap(g.refused)+lists)
}

// merge combines the replies to the parts that are not lost.
func (g *fanout) merge(dst []byte) []byte {
	g.replies = g.replies[:0]
	for _, e := range g.parts {
		if e == nil || e.lost {
			g.replies = append(g.replies, nil)
		} else {
			g.replies = append(g.replies, e.reply)
		}
	}
	dst = replicate.MergeValues(dst, g.keys, g.owner, g.replies)
	clear(g.replies)
	return dst
}
