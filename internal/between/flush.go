package between

import (
	"bytes"

	"magent/ascii"
	"magent/internal/call"
	"magent/internal/pool"
	"magent/replicate"
)

var (
	okLine    = []byte("OK\r\n")
	flushLine = []byte("flush_all\r\n")
)

// flush is a flush_all on its way over several loops. It goes from the last loop to the first, and tells each that it
// begins. The first loop asks the servers. Then it goes back, tells each loop that it has ended, and takes the reply
// home. It belongs to one loop at a time, as a task of their mailboxes.
type flush struct {
	home   *Loop
	pool   *pool.Pool      // home's part
	call   *replicate.Call // home's: the client's place in line
	asked  *replicate.Call // the first loop's: to the servers
	due    int64           // not a client's: when it was to take effect, since 1970; 0: it is a client's
	at     int             // the loop that is to be told, or that asks the servers
	req    ascii.Request   // of bytes of its own
	reply  []byte
	ended  bool
	missed []int // servers that were not flushed
}

// SendFlush starts a flush_all for a pool, and for each group of it. c is answered when all are back.
func (l *Loop) SendFlush(p *pool.Pool, c *replicate.Call, req []byte) {
	if p.Groups == nil {
		l.sendFlush(p, c, req, 0)
		return
	}
	all := &flushes{call: c, waiting: len(p.Groups)}
	for _, g := range p.Groups {
		l.sendFlush(g, g.Engine.NewCall(all), req, 0)
	}
}

// flushes is a flush_all of several groups.
type flushes struct {
	call    *replicate.Call // the client's place in line
	waiting int
	reply   []byte
}

// Answer takes the reply of a group. The first that is not OK is the client's.
func (f *flushes) Answer(c *call.Call, reply []byte) {
	if f.reply == nil || bytes.Equal(f.reply, okLine) {
		f.reply = bytes.Clone(reply)
	}
	c.Release()
	if f.waiting--; f.waiting == 0 {
		f.call.Answer(f.reply)
	}
}

// Flush carries out a flush_all for a pool that no client asks for now. done gets the reply, which is borrowed.
func (l *Loop) Flush(p *pool.Pool, line []byte, done func(reply []byte)) {
	l.SendFlush(p, p.Engine.NewCall(whoAsks(done)), line)
}

// FlushDue does that for one with a delay, which is due. If another flush_all has replaced it before the first loop
// asks the servers (Pool.DelayedFlush), they are not asked, and the reply is OK.
func (l *Loop) FlushDue(p *pool.Pool, due int64, done func(reply []byte)) {
	l.sendFlush(p, p.Engine.NewCall(whoAsks(done)), flushLine, due)
}

// whoAsks takes the reply to such a flush_all.
type whoAsks func(reply []byte)

// Answer implements call.Client.
func (done whoAsks) Answer(c *call.Call, reply []byte) {
	done(reply)
	c.Release()
}

func (l *Loop) sendFlush(p *pool.Pool, c *replicate.Call, req []byte, due int64) {
	f := &flush{home: l, pool: p, call: c, due: due, at: len(p.Peers) - 1}
	if _, st := ascii.Next(bytes.Clone(req), p.Limits, &f.req); st != ascii.Complete {
		panic("between: a flush_all that was accepted is refused")
	}
	l.l.SendTo(p.Peers[f.at].Loop.L, f)
}

// Run is called by one loop after the other, and finally by the home loop.
func (f *flush) Run() {
	if f.at == len(f.pool.Peers) {
		f.call.Answer(f.reply)
		return
	}
	p := f.pool.Peers[f.at]
	l := f.home.group.Loops[f.at]
	if now := p.Successor(); now != p && !f.ended { // its loops are told from the beginning
		f.pool = now
		f.goOn(l, len(now.Peers)-1)
		return
	}
	engine := p.Engine
	switch {
	case f.ended:
		engine.FlushEnded(f.missed)
		f.goOn(l, f.at+1)
	case f.at > 0:
		engine.FlushBegins()
		f.goOn(l, f.at-1)
	case f.due > 0 && f.due != p.DelayedFlush():
		f.reply = append(f.reply, okLine...)
		f.goBack(l)
	default:
		f.asked = engine.NewCall(f)
		engine.Do(f.asked, &f.req)
	}
}

// Answer takes the servers' reply on the first loop.
func (f *flush) Answer(c *call.Call, reply []byte) {
	f.reply = append(f.reply, reply...)
	f.missed = append(f.missed, f.asked.Unflushed...)
	c.Release()
	f.goBack(f.home.group.Loops[0])
}

// goBack has the first loop send f back, when nothing is left to be asked.
func (f *flush) goBack(first *Loop) {
	f.ended = true
	f.goOn(first, 1)
}

// goOn sends f from its present loop to the next one, or home.
func (f *flush) goOn(from *Loop, next int) {
	f.at = next
	from.l.SendTo(f.home.orLoop(next).l, f)
}

// orLoop returns loop i. If there is none it returns l, where the round over the loops began.
func (l *Loop) orLoop(i int) *Loop {
	if all := l.group.Loops; i < len(all) {
		return all[i]
	}
	return l
}
