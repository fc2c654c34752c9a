package distribute

import (
	"magent/ascii"
	"magent/internal/call"
	"magent/internal/loop"
	"magent/resp"
)

// Engine carries out the commands of one loop for one pool.
type Engine struct {
	*call.Servers
	random    bool // keys are not placed: every server will do for a command
	free      loop.Free[Call]
	line      []byte    // scratch: a command being written
	split     splitting // scratch
	positions []int     // scratch: where the keys of a command are
	turn      int       // the server that the next command is for which any can carry out
}

// New returns an engine. random: keys are not placed.
func New(s *call.Servers, random bool) *Engine {
	return &Engine{
		Servers: s, random: random, free: loop.NewFree[Call](s.Spare),
		split: splitting{of: make([]int, len(s.Conns))},
	}
}

// Trim lets go of what is kept for use again and was not needed since the last call.
func (e *Engine) Trim() { e.free.Trim() }

// goneLine is the answer where the pool is Retired.
var goneLine = []byte("-ERR the pool was removed or changed by a reload\r\n")

// Retire keeps nothing for use again: the servers are Retired, and every further request is answered with an error.
func (e *Engine) Retire() { e.free.Drop() }

// Slots of a transaction: the replies that only say that a command is queued, and the one to EXEC.
const (
	slotQueued = 0
	slotExec   = 1
)

// crossSlot is the answer to a command whose keys are on several servers.
const crossSlot = "-CROSSSLOT Keys in request don't hash to the same server: " +
	"give them a common hash tag, or ask for them one by one\r\n"

// Do carries out a command and answers c. r and what it refers to are borrowed for the call. Its name and its arity
// have been looked at, and its Route is one that leads to servers.
func (e *Engine) Do(c *Call, r *resp.Request) {
	c.Begin()
	if e.Retired {
		c.Finish(goneLine)
	} else {
		e.start(c, r)
	}
	c.End()
	c.recycle()
}

func (e *Engine) start(c *Call, r *resp.Request) {
	cmd := r.Command
	if cmd.SingleKey() {
		e.Hot.Touch(r.Args[1])
		e.command(c, r.Raw, e.PrimaryOf(r.Args[1]))
		return
	}
	switch cmd.Route {
	case resp.RouteMGet, resp.RouteSum:
		e.splitUp(c, r, 1)
	case resp.RouteMSet:
		if len(r.Args)%2 == 0 {
			c.Held = resp.AppendWrongArity(c.Held[:0], cmd)
			c.Finish(c.Held)
			return
		}
		e.splitUp(c, r, 2)
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
		c.Finish(refusal)
		return
	}
	e.command(c, r.Raw, e.orAny(server))
}

// Any stands for a server that a command has no preference for.
const Any = -1

// ServerOf finds the server of all keys of a command. Where they have none in common, refusal is the error line to
// answer with; it is valid until the next call. Without keys, or where keys are not placed (Options.Random), it is
// Any.
func (e *Engine) ServerOf(r *resp.Request) (server int, refusal []byte) {
	if r.Command.Route == resp.RouteAny {
		return Any, nil
	}
	e.positions, refusal = r.Command.Keys(e.positions[:0], r.Args)
	switch {
	case len(refusal) > 0:
		return 0, refusal
	case len(e.positions) == 0, e.random: // OBJECT HELP has none
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

// orAny is server, or in the place of Any the next one in turn that can be asked.
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

// command sends one command to a server, whose reply is the answer.
func (e *Engine) command(c *Call, raw []byte, server int) {
	c.plan, c.server = planCommand, server
	if c.NoRoomAt(call.Lead, server) || !c.Send(server, call.Lead, nil, raw, ascii.ShapeLine) {
		c.fail()
	}
}

// onCommand takes the reply.
func (c *Call) onCommand(r *ascii.Reply) {
	if r.Kind == ascii.Lost {
		c.fail()
		return
	}
	c.Finish(r.Raw)
}

// Transact carries out the commands of a transaction on one server, or on Any: raw is n commands, without MULTI and
// EXEC. They lie behind each other on the connection, so nobody else's commands come between them. The answer is
// that to EXEC.
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

// onQueued takes one of the replies to a transaction. The client has been told that its commands are queued; so if
// the server refuses one of them, the answer to EXEC says why. Held has the first of these errors until then.
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
