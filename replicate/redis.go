package replicate

import (
	"magent/ascii"
	"magent/resp"
)

// The commands of Redis pools. Such a pool has no backups: the servers replicate by themselves. So there is nothing to judge
// and nothing to mend; a command goes to the server of its keys (planCommand), to several of them (planGather), or to
// one after the other (planSeek).

// Slots of a transaction: the replies that only say that a command is queued, and the one to EXEC.
const (
	slotQueued = 0
	slotExec   = 1
)

// crossSlot is the answer to a command whose keys are on several servers.
const crossSlot = "-CROSSSLOT Keys in request don't hash to the same server: give them a common hash tag, or ask for them one by one\r\n"

// DoRedis carries out a command and answers c. r and what it refers to are borrowed for the call. Its name and its arity have
// been looked at, and its Route is one that leads to servers.
func (e *Engine) DoRedis(c *Call, r *resp.Request) {
	c.busy = true
	if e.retired {
		c.finish(ascii.Opaque, goneRedis)
	} else {
		e.startRedis(c, r)
	}
	c.busy = false
	c.recycle()
}

func (e *Engine) startRedis(c *Call, r *resp.Request) {
	cmd := r.Command
	if cmd.SingleKey() {
		e.opt.Hot.Touch(r.Args[1])
		e.command(c, r.Raw, e.serverOf(r.Args[1]))
		return
	}
	switch cmd.Route {
	case resp.RouteMGet, resp.RouteSum:
		e.split(c, r, 1)
	case resp.RouteMSet:
		if len(r.Args)%2 == 0 {
			c.Held = resp.AppendWrongArity(c.Held[:0], cmd)
			c.finish(ascii.Opaque, c.Held)
			return
		}
		e.split(c, r, 2)
	case resp.RouteSumAll, resp.RouteOKAll, resp.RouteConcat, resp.RouteScript:
		e.askAll(c, r)
	case resp.RouteScan:
		e.scan(c, r)
	case resp.RouteAny, resp.RouteRandomKey:
		e.seek(c, r)
	default:
		e.keyed(c, r)
	}
}

// keyed carries out a command all of whose keys have to belong to one server.
func (e *Engine) keyed(c *Call, r *resp.Request) {
	server, refusal := e.ServerOf(r)
	if refusal != nil {
		c.finish(ascii.Opaque, refusal)
		return
	}
	e.command(c, r.Raw, e.orAny(server))
}

// Any stands for a server that a command has no preference for.
const Any = -1

// ServerOf finds the server of all keys of a command. Where they have none in common, refusal is the error line to answer
// with; it is valid until the next call. Without keys, or where keys are not placed (Options.Random), it is Any.
func (e *Engine) ServerOf(r *resp.Request) (server int, refusal []byte) {
	if r.Command.Route == resp.RouteAny {
		return Any, nil
	}
	e.positions, refusal = r.Command.Keys(e.positions[:0], r.Args)
	switch {
	case len(refusal) > 0:
		return 0, refusal
	case len(e.positions) == 0, e.opt.Random: // OBJECT HELP has none
		return Any, nil
	}
	e.opt.Hot.Touch(r.Args[e.positions[0]])
	server = e.serverOf(r.Args[e.positions[0]])
	for _, at := range e.positions[1:] {
		if e.serverOf(r.Args[at]) != server {
			return 0, append(e.line[:0], crossSlot...)
		}
	}
	return server, nil
}

// orAny is server, or in the place of Any the next one in turn that can be asked.
func (e *Engine) orAny(server int) int {
	if server != Any {
		return server
	}
	for range e.primaries {
		if e.turn = (e.turn + 1) % e.primaries; e.opt.Health.Usable(e.turn) {
			break
		}
	}
	return e.turn
}

// serverOf is the server of a key. Of an empty one the hash is 0, as in twemproxy.
func (e *Engine) serverOf(key []byte) int {
	if e.hashless || len(key) == 0 {
		return e.opt.Primaries.Pick(0)
	}
	return e.opt.Primaries.Pick(e.opt.Hash(key))
}

// command sends one command to a server, whose reply is the answer.
func (e *Engine) command(c *Call, raw []byte, server int) {
	c.plan, c.p, c.b = planCommand, server, -1
	if c.noRoomAt(slotPrimary, server) || !c.send(server, slotPrimary, nil, raw, ascii.ShapeLine) {
		c.fail()
	}
}

// onCommand takes the reply.
func (c *Call) onCommand(r *ascii.Reply) {
	if r.Kind == ascii.Lost {
		c.fail()
		return
	}
	c.finish(r.Kind, r.Raw)
}

// Transact carries out the commands of a transaction on one server, or on Any: raw is n commands, without MULTI and EXEC. They lie
// behind each other on the connection, so nobody else's commands come between them. The answer is that to EXEC.
func (e *Engine) Transact(c *Call, server int, raw []byte, n int) {
	if e.retired {
		c.finish(ascii.Opaque, goneRedis)
		c.recycle()
		return
	}
	c.busy = true
	server = e.orAny(server)
	c.plan, c.p, c.b = planTransact, server, -1
	c.Held = c.Held[:0]
	e.line = append(append(append(e.line[:0], "*1\r\n$5\r\nMULTI\r\n"...), raw...), "*1\r\n$4\r\nEXEC\r\n"...)
	if c.noRoomAt(slotPrimary, server) || !c.send(server, slotQueued, nil, e.line, ascii.ShapeLine) {
		c.fail()
	} else {
		for range n {
			c.send(server, slotQueued, nil, nil, ascii.ShapeLine)
		}
		c.send(server, slotExec, nil, nil, ascii.ShapeLine)
	}
	e.line = trim(e.line)
	c.busy = false
	c.recycle()
}

// onQueued takes one of the replies to a transaction. The client has been told that its commands are queued; so if the server
// refuses one of them, the answer to EXEC says why. Held has the first of these errors until then.
func (c *Call) onQueued(slot uint16, r *ascii.Reply) {
	switch {
	case r.Kind == ascii.Lost:
		c.fail()
	case slot == slotQueued && resp.IsError(r.Raw) && len(c.Held) == 0 && !c.answered:
		c.Held = append(c.Held, resp.ErrorText(r.Raw)...)
	case slot == slotExec && resp.IsError(r.Raw) && len(c.Held) > 0 && !c.answered:
		line := append(append(c.e.line[:0], '-'), resp.ErrorText(r.Raw)...)
		line = append(append(append(line, " ("...), c.Held...), ")\r\n"...)
		c.e.line = line
		c.finish(r.Kind, line)
	case slot == slotExec:
		c.finish(r.Kind, r.Raw)
	}
}
