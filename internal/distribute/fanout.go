package distribute

import (
	"strconv"

	"magent/ascii"
	"magent/backend"
	"magent/internal/call"
	"magent/resp"
)

// fanOut returns c's fanout, empty.
func (c *Call) fanOut(merge mergeFunc) *fanout {
	if c.parts == nil {
		c.parts = &fanout{}
	}
	c.plan, c.parts.merge = planFanout, merge
	return c.parts
}

// splitUp carries out a command on keys that are independent of each other. Each server gets a command with its own
// keys. step is the number of arguments for each key: 1, or 2 if a value follows the key.
func (e *Engine) splitUp(c *Call, r *resp.Request, step int) {
	m := c.fanOut(mergerOf(r.Command.Route))
	m.ordered = r.Command.Route == resp.RouteMGet
	f := &e.split
	clear(f.of)
	for i := 1; i < len(r.Args); i += step {
		e.Hot.Touch(r.Args[i])
		server := e.PrimaryOf(r.Args[i])
		if f.of[server] == 0 {
			f.of[server] = int(m.part(server)) + 1
		}
		part := f.of[server] - 1
		m.owner = append(m.owner, uint16(part))
		m.size[part]++
		m.keys++
	}
	if len(m.server) == 1 {
		e.whole(c, r, m.server[0])
		return
	}
	if e.Replicas != nil {
		c.readParts(r)
	}
	if !c.allUsable() {
		return
	}
	f.begin(m, r.Args[0], step)
	if r.Owner != nil && isLarge(len(r.Raw), m.keys) {
		for part, pieces := range m.pieces(r, step) {
			e.Count.Fragments++
			if !c.SendPieces(m.server[part], uint16(part), f.lines[part], pieces, r.Owner, ascii.ShapeLine) {
				c.lostPart(uint16(part))
			}
		}
		c.checkFanout()
		return
	}
	for i, part := range m.owner {
		for _, arg := range r.Args[1+i*step : 1+(i+1)*step] {
			f.lines[part] = resp.AppendBulk(f.lines[part], arg)
		}
	}
	for part, server := range m.server {
		c.sendPart(server, uint16(part), f.lines[part])
		f.lines[part] = call.Trim(f.lines[part])
	}
	c.checkFanout()
}

// askAll sends the command to every server.
func (e *Engine) askAll(c *Call, r *resp.Request) {
	if _, refusal := e.ServerOf(r); refusal != nil { // a subcommand that is not allowed, such as SCRIPT KILL
		c.Finish(refusal)
		return
	}
	m := c.fanOut(mergerOfAll(r))
	for server := range e.NumPrimaries {
		m.part(server)
	}
	if !c.allUsable() {
		return
	}
	for server := range e.NumPrimaries {
		c.sendPart(server, uint16(server), r.Raw)
	}
	c.checkFanout()
}

// allUsable reports whether all servers of c's parts are usable and have room. If not, it answers c with an error: the
// command must not be carried out on some servers only. So it does not wait for a server that is being connected
// again, but has that done for the next command.
func (c *Call) allUsable() bool {
	for part, server := range c.parts.server {
		c.server = server
		if c.parts.replica(uint16(part)) != nil {
			continue
		}
		if c.NoRoomAt(call.Lead, server) || !c.e.Health.Usable(server) {
			c.e.Reach(server)
			c.fail()
			return false
		}
	}
	return true
}

// sendPart sends a part of the command to its server, or to a replica.
func (c *Call) sendPart(server int, part uint16, raw []byte) {
	c.e.Count.Fragments++
	if at := c.parts.replica(part); at != nil && c.SendOn(at, part, nil, raw, ascii.ShapeLine) {
		c.parts.keepPart(part, raw)
		return
	}
	if !c.Send(server, part, nil, raw, ascii.ShapeLine) {
		c.lostPart(part)
	}
}

// onPart handles the reply to a part.
func (c *Call) onPart(part uint16, from *backend.Conn, r *ascii.Reply) {
	m := c.parts
	switch {
	case len(m.at) > 0 && c.readAgain(part, from, r):
	case m.partial && (r.Kind == ascii.Lost || resp.IsError(r.Raw)):
	case r.Kind == ascii.Lost:
		c.lostPart(part)
	case resp.IsError(r.Raw):
		c.e.line = append(append(c.e.line[:0], '-'), resp.ErrorText(r.Raw)...)
		c.failedPart(part, c.e.line)
	default:
		m.keep(part, from, r.Raw)
	}
	c.checkFanout()
}

// readAgain sends a part to its server, if the replica that had it has not answered. It reports whether it did.
func (c *Call) readAgain(part uint16, from *backend.Conn, r *ascii.Reply) bool {
	m := c.parts
	if m.replica(part) != from || !c.unanswered(m.server[part], from, r) {
		return false
	}
	m.at[part] = nil
	c.sendPart(m.server[part], part, m.sent[part])
	return true
}

// lostPart notes that the server of a part did not answer.
func (c *Call) lostPart(part uint16) {
	c.e.Count.Errors++
	c.e.line = c.e.AppendFailure(c.e.line[:0], c.e.Conns[c.parts.server[part]], backend.HasRoom)
	c.failedPart(part, c.e.line)
}

// failedPart notes that a part failed. line is the error line without its line end.
func (c *Call) failedPart(part uint16, line []byte) {
	m := c.parts
	if len(m.failed) == 0 {
		m.failed = append(m.failed, line...)
	}
	m.missing += m.size[part]
}

// checkFanout answers c once all replies have arrived. If parts failed, the answer is the first error and the number
// of keys that failed. Otherwise it is made from all replies.
func (c *Call) checkFanout() {
	if c.Waiting() > 0 || c.Answered() {
		return
	}
	m := c.parts
	c.Held = c.Held[:0]
	if len(m.failed) > 0 {
		c.Held = append(c.Held, m.failed...)
		if m.keys > 0 && !c.e.CompatErrors {
			c.Held = append(c.Held, " ("...)
			c.Held = strconv.AppendInt(c.Held, int64(m.missing), 10)
			c.Held = append(c.Held, " of "...)
			c.Held = strconv.AppendInt(c.Held, int64(m.keys), 10)
			c.Held = append(c.Held, " keys failed, the others did not)"...)
		}
		c.Finish(append(c.Held, "\r\n"...))
		return
	}
	if m.ordered && m.isLarge() && c.answerLarge() {
		return
	}
	answer, ok := m.merge(c.Held, m)
	if !ok {
		answer = resp.AppendError(c.Held[:0], "ERR the servers' replies do not fit each other")
	}
	c.Held = answer
	c.Finish(answer)
}
