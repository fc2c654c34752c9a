package replicate

import (
	"strconv"

	"magent/ascii"
	"magent/backend"
	"magent/internal/stats"
)

// flush sends flush_all to every server, or to none when one of them can take no more. In a pool with backups a server
// that is away, or does not answer, is flushed before it is read again; so the client gets OK when none refused and at
// least one is flushed. In a pool without backups all have to take it.
func (e *Engine) flush(c *Call, r *ascii.Request) {
	head, _ := e.wire(r)
	e.Count.CmdFlush++
	c.Held = c.Held[:0]
	for i, conn := range e.Conns {
		if e.Full(i) {
			c.Held = appendServerError(c.Held[:0], "flush_all was not carried out on any server:", conn, true)
			c.flushed()
			return
		}
	}
	e.orders.spoil()
	e.allPass()
	e.noteDelay(r.Exptime)
	for i, conn := range e.Conns {
		if c.send(i, uint16(i), head, nil, ascii.ShapeLine) {
			continue
		}
		c.unflushed(i, "flush_all was not carried out on", conn)
	}
	c.flushed()
}

// noteDelay remembers when a flush_all takes effect: a server that is restarted before then has forgotten it. memcached knows
// the last one only: each takes the place of the one before.
func (e *Engine) noteDelay(delay int64) {
	e.flushDue = 0
	if delay > 0 && e.Backups != nil {
		if e.flushDue = delay; delay <= month {
			e.flushDue += e.opt.UnixTime()
		}
	}
}

// repeatDelayed asks a server that is back for the flush_all that is still to take effect.
func (e *Engine) repeatDelayed(i int) {
	if left := e.flushDue - e.opt.UnixTime(); left > 0 {
		e.line = append(strconv.AppendInt(append(e.line[:0], "flush_all "...), left, 10), "\r\n"...)
		e.newErasure(i, 0).send(e.line, ascii.ShapeLine)
	}
}

// unflushed notes that server i missed the flush_all. For a pool without backups what says so to the client.
func (c *Call) unflushed(i int, what string, conn *backend.Conn) {
	if c.e.Backups == nil || len(c.Unflushed) == len(c.e.Conns)-1 {
		c.Held = appendServerError(c.Held[:0], what, conn, false)
	}
	if c.e.Backups != nil {
		c.Unflushed = append(c.Unflushed, i)
		c.e.forgetAll(i)
	}
}

func (c *Call) onFlushed(slot uint16, from *backend.Conn, r *ascii.Reply) {
	switch r.Kind {
	case ascii.OK:
	case ascii.Lost:
		c.unflushed(int(slot), "flush_all may not have been carried out on", from)
	default:
		c.Keep(r.Raw) // the server's own objection
	}
	c.flushed()
}

func (c *Call) flushed() {
	switch {
	case c.Waiting() > 0:
	case len(c.Held) > 0:
		c.e.countError(c.op)
		c.finish(ascii.ServerError, c.Held)
	default:
		c.e.Count.Outcomes[stats.Flush][stats.OK]++
		c.finish(ascii.OK, []byte("OK\r\n"))
	}
}

// Another loop's flush_all goes over connections of its own, so a mutation of this loop may come before it on one copy
// and behind it on the other. All that is under way while it lasts is therefore deleted on the backup in the end.

// FlushBegins tells the engine, before the first server is asked, that another loop flushes.
func (e *Engine) FlushBegins() {
	e.flushDue = 0 // the other loop's takes its place
	e.flushes++
	e.flushing++
	e.orders.spoil()
	e.allPass()
}

// FlushEnded tells the engine that all servers have replied to the flush_all, but for those that missed it.
func (e *Engine) FlushEnded(missed []int) {
	e.flushing--
	e.flushes++ // for what was begun while it lasted
	for _, i := range missed {
		e.forgetAll(i)
	}
}

// mark is what e.flushes has to be when a mutation that begins now ends, if no flush_all of another loop met it.
func (e *Engine) mark() uint64 {
	if e.flushing > 0 {
		return e.flushes - 1
	}
	return e.flushes
}
