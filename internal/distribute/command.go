package distribute

import (
	"magent/ascii"
	"magent/backend"
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
	e.whole(c, r, e.OrAny(server))
}

// Any stands in place of a server if every server can carry out the command.
const Any = -1

// ServerOf returns the server of all keys of a command, or of its channel. It is Any if the command has no keys, or if
// keys have no server of their own. If the keys belong to different servers, refusal is the error line for the client;
// it is valid until the next use of the engine.
func (e *Engine) ServerOf(r *resp.Request) (server int, refusal []byte) {
	if r.Command.Route == resp.RouteAny {
		return Any, nil
	}
	if e.positions = e.positions[:0]; r.Command.Route == resp.RouteChannel {
		e.positions = append(e.positions, 1)
	} else {
		e.positions, refusal = r.Command.Keys(e.positions, r.Args)
	}
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

// Hashes appends what rings pick the server by, of each key of a command whose keys have one. The command was given to
// ServerOf last.
func (e *Engine) Hashes(hashes []uint32, r *resp.Request) []uint32 {
	if e.random || r.Command.Route == resp.RouteAny {
		return hashes
	}
	for _, at := range e.positions {
		hashes = append(hashes, e.HashOf(r.Args[at]))
	}
	return hashes
}

// OrAny returns server, or in place of Any the next usable server in turn.
func (e *Engine) OrAny(server int) int {
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

// DoOn carries out a command on a connection of the client's own to a server. All its keys must belong to that server.
func (e *Engine) DoOn(c *Call, conn *backend.Conn, server int, r *resp.Request) {
	c.Begin()
	c.Via(conn)
	c.fresh = true
	if e.Retired {
		c.Finish(goneLine)
	} else {
		e.whole(c, r, server)
	}
	c.End()
	c.recycle()
}

// whole sends a command to one server. The reply is the answer.
func (e *Engine) whole(c *Call, r *resp.Request, server int) {
	c.plan, c.server = planCommand, server
	if e.Replicas != nil && c.read(r) {
		return
	}
	switch {
	case c.NoRoomAt(call.Lead, server):
		c.fail()
	case r.Owner != nil && c.SendPieces(server, call.Lead, nil, [][]byte{r.Raw}, r.Owner, ascii.ShapeLine):
	case r.Owner != nil || !c.Send(server, call.Lead, nil, r.Raw, ascii.ShapeLine):
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

// crossSlot is the answer to a command whose keys are on several servers.
const crossSlot = "-CROSSSLOT Keys in request don't hash to the same server: " +
	"give them a common hash tag, or ask for them one by one\r\n"
