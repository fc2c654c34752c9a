package between

import (
	"bytes"
	"hash/maphash"
	"unsafe"

	"magent/ascii"
	"magent/internal/call"
	"magent/internal/loop"
	"magent/internal/pool"
	"magent/replicate"
)

// Group is all loops of a process. It does not change once they run.
type Group struct {
	Loops []*Loop

	seed maphash.Seed
}

// NewGroup returns a group without loops.
func NewGroup() *Group { return &Group{seed: maphash.MakeSeed()} }

// OwnerOf returns the index of the loop that carries out all requests for a key. It may be called from any goroutine.
func (g *Group) OwnerOf(key []byte) int {
	return int(maphash.Bytes(g.seed, key) % uint64(len(g.Loops)))
}

// Loop is one of them. Its methods are called on it.
type Loop struct {
	group    *Group
	id       int
	l        *loop.Loop
	forwards loop.Free[forward]
	fanouts  loop.Free[fanout]
	req      ascii.Request // a request from another loop
	line     []byte        // scratch, until the next use
}

// Add adds a loop, which does not run yet. spare counts what it keeps for use again.
func (g *Group) Add(l *loop.Loop, spare *loop.Spare) *Loop {
	one := &Loop{group: g, id: len(g.Loops), l: l}
	one.forwards, one.fanouts = loop.NewFree[forward](spare), loop.NewFree[fanout](spare)
	g.Loops = append(g.Loops, one)
	return one
}

// Trim frees what was kept, but not needed since the last call.
func (l *Loop) Trim() {
	l.forwards.Trim()
	l.fanouts.Trim()
}

var (
	crlf        = []byte("\r\n")
	endLine     = []byte("END\r\n")
	serverError = []byte("SERVER_ERROR")
)

// forward is a request on its way to the loop that owns its key, and then the reply on its way back. It belongs to the
// loop that it is on: the home loop, the owner, and the home loop again. It refers to the part of the client's pool on
// the owner. If a reload has replaced that, its engine answers with an error.
type forward struct {
	home, owner *Loop
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

func (l *Loop) newForward(owner *Loop, p *pool.Pool, c *replicate.Call, req []byte) *forward {
	e := l.forwards.Take()
	e.home = l
	e.owner, e.pool, e.call, e.back = owner, p.Peers[owner.id], c, false
	e.kind = call.Piece // of a fanout
	if c != nil {
		e.kind = c.Part
	}
	e.req = append(e.req[:0], req...)
	return e
}

// SendDrop sends a set that is refused for its size to the owner of its key. c is answered when the reply is back.
func (l *Loop) SendDrop(owner *Loop, p *pool.Pool, c *replicate.Call, r *ascii.Request) {
	e := l.newForward(owner, p, c, nil)
	e.key = append(e.key[:0], r.Key...)
	e.line = append(e.line[:0], r.Reply...)
	e.quiet, e.op = r.Quiet, r.Op
	l.l.SendTo(owner.l, e)
}

// Send sends a request for a pool to its owner. c is answered when the reply is back.
func (l *Loop) Send(owner *Loop, p *pool.Pool, c *replicate.Call, req []byte) {
	l.l.SendTo(owner.l, l.newForward(owner, p, c, req))
}

// Run is called by the owner's loop, and with the reply by the home loop.
func (e *forward) Run() {
	if e.back {
		e.deliver()
		return
	}
	e.pool = e.pool.Successor()
	engine := e.pool.Engine
	c := engine.NewCall(e)
	c.Part = e.kind
	r := &e.owner.req
	if len(e.req) == 0 {
		*r = ascii.Request{Op: e.op, Quiet: e.quiet, Key: e.key}
		engine.Drop(c, r, e.line)
		return
	}
	if n, st := ascii.Next(e.req, e.pool.Accepted(), r); st != ascii.Complete || n != len(e.req) {
		panic("between: a request that was accepted by one loop is refused by another")
	}
	engine.Do(c, r)
}

// Answer takes the reply on the owner's loop and sends it home.
func (e *forward) Answer(c *call.Call, reply []byte) {
	e.reply = append(e.reply[:0], reply...)
	e.lost = c.Lost
	c.Release()
	e.back = true
	e.owner.l.SendTo(e.home.l, e)
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
	l := e.home
	e.call, e.fanout, e.pool = nil, nil, nil
	if cap(e.req) > maxForwardBuffer {
		e.req = nil
	}
	if cap(e.reply) > maxForwardBuffer {
		e.reply = nil
	}
	l.forwards.Put(e, int(unsafe.Sizeof(*e))+cap(e.req)+cap(e.reply)+cap(e.key)+cap(e.line))
}

// maxForwardBuffer is the largest buffer that a forward keeps for its next use.
const maxForwardBuffer = 16 << 10

// fanout is a multi-get whose keys belong to several loops, or to several groups of a fleet. Each loop gets a part for
// each group.
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

// Fanout splits a multi-get by owner and group, and sends each its part. c is answered when all replies are back.
func (l *Loop) Fanout(p *pool.Pool, c *replicate.Call, r *ascii.Request) {
	g := l.fanouts.Take()
	g.call, g.refused, g.found = c, g.refused[:0], false
	g.keys = append(g.keys[:0], r.Keys...)
	g.owner, g.parts = g.owner[:0], g.parts[:0]
	for range len(l.group.Loops) * max(1, len(p.Groups)) {
		g.parts = append(g.parts, nil)
	}
	for key, rest := ascii.NextKey(g.keys); len(key) > 0; key, rest = ascii.NextKey(rest) {
		owner := l.group.Loops[l.group.OwnerOf(key)]
		of := p.GroupOf(key)
		part := owner.id
		if of != p {
			part += len(l.group.Loops) * of.Config.Share
		}
		e := g.parts[part]
		if e == nil {
			e = l.newForward(owner, of, nil, nil)
			e.fanout, e.part = g, uint16(part)
			e.req = ascii.AppendRetrieval(e.req, r.Op, r.Exptime)
			g.parts[part] = e
		}
		e.req = append(append(e.req, ' '), key...)
		g.owner = append(g.owner, uint16(part))
	}
	for _, e := range g.parts {
		if e != nil {
			e.req = append(e.req, crlf...)
			g.waiting++
			if e.owner == l {
				e.Run() // now: what the client asks next must not overtake it
			} else {
				l.l.SendTo(e.owner.l, e)
			}
		}
	}
}

// take takes the reply to one part. The last one answers the call.
func (g *fanout) take(e *forward) {
	l := e.home
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
		l.line = g.merge(l.line[:0])
		g.call.Answer(l.line)
	}
	for _, e := range g.parts {
		if e != nil {
			e.free()
		}
	}
	g.call = nil
	clear(g.parts)
	lists := 2*cap(g.owner) + 8*cap(g.parts) + 24*cap(g.replies)
	l.fanouts.Put(g, int(unsafe.Sizeof(*g))+cap(g.keys)+cap(g.refused)+lists)
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
	dst = ascii.MergeValues(dst, g.keys, g.owner, g.replies)
	clear(g.replies)
	return dst
}
