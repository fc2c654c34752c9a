package distribute

import (
	"magent/ascii"
	"magent/internal/call"
	"magent/resp"
)

// keyed carries out a command whose keys must all belong to one server.
func (e *Engine) keyed(c *Call, r *resp.Request) {
	server, refusal := e.ServerOf(r)
	if refusal != nil {
		c.Finish(refusal)
		return
	}
	e.command(c, r.Raw, e.orAny(server))
}

// Any stands in place of a server if every server can carry out the command.
const Any = -1

// ServerOf returns the server of all keys of a command. It is Any if the command has no keys, or if keys have no
// server of their own. If the keys belong to different servers, refusal is the error line for the client; it is valid
// until the next use of the engine.
func (e *Engine) ServerOf(r *resp.Request) (server int, refusal []byte) {
	if r.Command.Route == resp.RouteAny {
		return Any, nil
	}
	e.positions, refusal = r.Command.Keys(e.positions[:0], r.Args)
	switch {
	case len(refusal) > 0:
		return 0, refusal
	case len(e.positions) == 0, e.random: // for example OBJECT HELP has no keys
		return Any, nil
	}
	e.Hot.Touch(r.Args[e.positions[0]])
	server = e.PrimaryOf(r.Args[e.positions[0]])
	for _, at := range e.positions[1:] {
		if e.PrimaryOf(r.Args[at]) != server {
			return 0, append(e.line[:0], crossSlot...)
		}
	}
	return server, nil
}

// orAny returns server, or in place of Any the next usable server in turn.
func (e *Engine) orAny(server int) int {
	if server != Any {
		return server
	}
	for range e.NumPrimaries {
		if e.turn = (e.turn + 1) % e.NumPrimaries; e.Health.Usable(e.turn) {
			break
		}
	}
	return e.turn
}

// command sends raw, one command, to a server. The reply is the answer.
func (e *Engine) command(c *Call, raw []byte, server int) {
	c.plan, c.server = planCommand, server
	if c.NoRoomAt(call.Lead, server) || !c.Send(server, call.Lead, nil, raw, ascii.ShapeLine) {
		c.fail()
	}
}

// onCommand handles the reply.
func (c *Call) onCommand(r *ascii.Reply) {
	if r.Kind == ascii.Lost {
		c.fail()
		return
	}
	c.Finish(r.Raw)
}

// Transact carries out a transaction on one server, which may be Any. raw consists of n commands, without MULTI and
// EXEC, and is borrowed for the call. All of them are sent at once, so no other command comes between them. The answer
// is the one to EXEC.
func (e *Engine) Transact(c *Call, server int, raw []byte, n int) {
	c.Begin()
	if e.Retired {
		c.Finish(goneLine)
	} else {
		e.transact(c, e.orAny(server), raw, n)
	}
	c.End()
	c.recycle()
}

func (e *Engine) transact(c *Call, server int, raw []byte, n int) {
	c.plan, c.server = planTransact, server
	c.Held = c.Held[:0]
	e.line = append(append(append(e.line[:0], "*1\r\n$5\r\nMULTI\r\n"...), raw...), "*1\r\n$4\r\nEXEC\r\n"...)
	if c.NoRoomAt(call.Lead, server) || !c.Send(server, slotQueued, nil, e.line, ascii.ShapeLine) {
		c.fail()
	} else {
		for range n {
			c.Send(server, slotQueued, nil, nil, ascii.ShapeLine)
		}
		c.Send(server, slotExec, nil, nil, ascii.ShapeLine)
	}
	e.line = call.Trim(e.line)
}

// onQueued handles a reply to a command of a transaction. The client has already been told that its commands are
// queued. So if the server refuses one of them, the answer to EXEC has the reason. Until then Held has the first such
// error.
func (c *Call) onQueued(slot uint16, r *ascii.Reply) {
	switch {
	case r.Kind == ascii.Lost:
		c.fail()
	case slot == slotQueued && resp.IsError(r.Raw) && len(c.Held) == 0 && !c.Answered():
		c.Held = append(c.Held, resp.ErrorText(r.Raw)...)
	case slot == slotExec && resp.IsError(r.Raw) && len(c.Held) > 0 && !c.Answered():
		line := append(append(c.e.line[:0], '-'), resp.ErrorText(r.Raw)...)
		line = append(append(append(line, " ("...), c.Held...), ")\r\n"...)
		c.e.line = line
		c.Finish(line)
	case slot == slotExec:
		c.Finish(r.Raw)
	}
}

// Slots of a transaction: of the replies that only tell that a command is queued, and of the reply to EXEC.
const (
	slotQueued = 0
	slotExec   = 1
)

// crossSlot is the answer to a command whose keys are on several servers.
const crossSlot = "-CROSSSLOT Keys in request don't hash to the same server: " +
	"give them a common hash tag, or ask for them one by one\r\n"
