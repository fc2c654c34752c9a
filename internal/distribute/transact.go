package distribute

import (
	"magent/ascii"
	"magent/backend"
	"magent/internal/call"
	"magent/resp"
)

// Transact carries out a transaction on one server, which may be Any. raw consists of n commands, without MULTI and
// EXEC, and is borrowed for the call. All of them are sent at once, so no other command comes between them. The answer
// is the one to EXEC.
func (e *Engine) Transact(c *Call, server int, raw []byte, n int) {
	c.Begin()
	c.queued = n
	if e.Retired {
		c.failExec(goneLine)
	} else {
		e.transact(c, e.OrAny(server), raw, n)
	}
	c.End()
	c.recycle()
}

// TransactOn is Transact on a connection of the client's own to a server. The reply to EXEC may be null, if keys are
// watched there.
func (e *Engine) TransactOn(c *Call, conn *backend.Conn, server int, raw []byte, n int) {
	c.Via(conn)
	e.Transact(c, server, raw, n)
}

func (e *Engine) transact(c *Call, server int, raw []byte, n int) {
	c.plan, c.server = planTransact, server
	c.Held = c.Held[:0]
	e.line = append(append(append(e.line[:0], "*1\r\n$5\r\nMULTI\r\n"...), raw...), "*1\r\n$4\r\nEXEC\r\n"...)
	if why := c.ConnTo(server).NoMulti(); why != "" {
		line := append(append(e.line[:0], "-ERR "...), e.Conns[server].Name()...)
		line = append(append(line, ": the server takes no transactions, and nothing was done: "...), why...)
		e.line = append(line, "\r\n"...)
		c.failExec(e.line)
	} else if c.NoRoomAt(call.Lead, server) || !c.Send(server, slotMulti, nil, e.line, ascii.ShapeLine) {
		c.failTransaction()
	} else {
		if conn := c.ConnTo(server); n > 0 && conn.Send(nil, nil, ascii.ShapeLine, (*queued)(c), 0) {
			conn.Several(n)
		}
		c.Send(server, slotExec, nil, nil, ascii.ShapeLine)
	}
	e.line = call.Trim(e.line)
}

// failTransaction is fail for a transaction.
func (c *Call) failTransaction() {
	if c.Answered() {
		return
	}
	c.e.Count.Errors++
	line := append(c.e.AppendFailure(c.e.line[:0], c.ConnTo(c.server), c.Fullness(call.Lead)), "\r\n"...)
	c.e.line = line
	c.failExec(line)
}

// failExec answers EXEC with an error that the proxy makes.
func (c *Call) failExec(line []byte) {
	if c.Answered() {
		return
	}
	c.Held = AppendFailedExec(c.Held[:0], c.queued, line)
	c.Finish(c.Held)
}

// maxFailures is how many commands of a transaction get an error of their own.
const maxFailures = 64 << 10

// AppendFailedExec appends the answer to EXEC if a transaction of n commands was not carried out because of an error.
// The client has been told that all of them are queued. So it expects n replies, as Redis would send, and each is the
// error. Some clients (phpredis 5) wait for n replies even if the answer is an error.
func AppendFailedExec(dst []byte, n int, line []byte) []byte {
	if n > maxFailures {
		return append(dst, line...)
	}
	dst = resp.AppendArray(dst, n)
	for range n {
		dst = append(dst, line...)
	}
	return dst
}

// queued gets the replies to the commands of a transaction. The client has already been told that they are queued. So
// if the server refuses one of them, the answer to EXEC has the reason. Until then Held has the first such error. The
// call does not count these replies, for the one to EXEC comes behind them in any case.
type queued Call

// OnReply implements backend.Receiver.
func (q *queued) OnReply(_ uint16, _ *backend.Conn, r *ascii.Reply) {
	if r.Kind != ascii.Lost && resp.IsError(r.Raw) && len(q.Held) == 0 && !q.Answered() {
		q.Held = append(q.Held, resp.ErrorText(r.Raw)...)
	}
}

// onTransacted handles the reply to MULTI, or to EXEC.
func (c *Call) onTransacted(slot uint16, from *backend.Conn, r *ascii.Reply) {
	switch {
	case r.Kind == ascii.Lost:
		c.failTransaction()
	case slot == slotMulti:
		if resp.IsError(r.Raw) { // it did not when the connection was made
			from.RefusesMulti(r.Raw)
			c.Held = append(c.Held[:0], "the server refused MULTI, so it was carried out command by command: "...)
			c.Held = append(c.Held, resp.ErrorText(r.Raw)...)
		}
	case slot == slotExec && resp.IsError(r.Raw) && len(c.Held) > 0 && !c.Answered():
		line := append(append(c.e.line[:0], '-'), resp.ErrorText(r.Raw)...)
		line = append(append(append(line, " ("...), c.Held...), ")\r\n"...)
		c.e.line = line
		c.failExec(line)
	case slot == slotExec:
		c.Finish(r.Raw)
	}
}

// Slots of a transaction: of the reply to MULTI, and of the one to EXEC.
const (
	slotMulti = 0
	slotExec  = 1
)
