package replicate

import (
	"magent/ascii"
	"magent/backend"
	"magent/internal/stats"
)

// flush sends flush_all to every server, or to none if the queue of one of them is full.
//
// In a pool with backups a server that is down or does not answer is flushed before it is read again. So the client
// gets OK if no server refused and at least one was flushed. In a pool without backups every server has to succeed.
func (e *Engine) flush(c *Call, r *ascii.Request) {
	head, _ := e.wire(r)
	due := int64(0)
	c.atOnce = false
	if !e.Relay {
		due = e.FlushTime(r.Exptime)
		e.line = e.AppendFlush(e.line[:0], due)
		head = e.line
	}
	e.Count.CmdFlush++
	c.Held = c.Held[:0]
	for i, conn := range e.Conns {
		if full := e.Full(i); full != backend.HasRoom {
			c.Held = appendServerError(c.Held[:0], "flush_all was not carried out on any server:", conn, full)
			c.flushed()
			return
		}
	}
	switch {
	case due > 0:
		e.FlushLater(due)
	case e.Backups != nil:
		c.noted = e.Underway.Flush(head)
	}
	c.replaces, c.atOnce = e.Delays(), due == 0 && !e.Relay
	e.orders.spoil()
	e.OvertakenAll()
	c.closes = e.closeMemory()
	for i, conn := range e.Conns {
		if c.send(i, uint16(i), head, nil, ascii.ShapeLine) {
			continue
		}
		c.unflushed(i, "flush_all was not carried out on", conn, false)
	}
	c.flushed()
}

// unflushed notes that server i missed the flush_all, or may have, if that was sent. what is the beginning of the
// error line. The client gets that line in a pool without backups, or if every server missed the flush_all.
func (c *Call) unflushed(i int, what string, conn *backend.Conn, sent bool) {
	if c.e.Backups == nil || len(c.Unflushed) == len(c.e.Conns)-1 {
		c.Held = appendServerError(c.Held[:0], what, conn, backend.HasRoom)
	}
	if c.e.Backups != nil {
		c.Unflushed = append(c.Unflushed, i)
		c.e.MarkAllMissed(i, sent)
	}
}

func (c *Call) onFlushed(slot uint16, from *backend.Conn, r *ascii.Reply) {
	switch r.Kind {
	case ascii.OK:
		c.e.FlushedShared(int(slot))
	case ascii.Lost:
		c.e.FlushedShared(int(slot)) // and once more when nothing can come of it any more
		c.unflushed(int(slot), "flush_all may not have been carried out on", from, true)
	default:
		c.Keep(r.Raw) // the server's own error line
	}
	c.flushed()
}

func (c *Call) flushed() {
	if c.Waiting() > 0 {
		return
	}
	if c.atOnce {
		c.e.FlushedAll(c.replaces)
	}
	switch {
	case len(c.Held) > 0:
		c.e.countError(c.op)
		c.finish(ascii.ServerError, c.Held)
	default:
		c.e.Count.Outcomes[stats.Flush][stats.OK]++
		c.finish(ascii.OK, []byte("OK\r\n"))
	}
}

// FlushBegins tells the engine that another loop is about to send flush_all to the servers.
func (e *Engine) FlushBegins() {
	e.Engine.FlushBegins()
	e.orders.spoil()
	e.closeMemory()
}

// FlushEnded tells the engine that the flush_all has ended: all servers but those in missed have carried it out.
func (e *Engine) FlushEnded(missed []int) {
	e.Engine.FlushEnded(missed)
	if e.memory.Cache != nil {
		e.memory.Cache.Open()
	}
}
