package redisclient

import (
	"errors"
	"time"

	"magent/backend"
	"magent/internal/dedicated"
	"magent/internal/distribute"
	"magent/internal/pool"
	"magent/resp"
)

// Alone reports whether a request has to be carried out alone: behind the answers to everything that the client has
// asked for before, and before everything that follows. Such requests go to a connection of the client's own, so
// nothing else would keep the order. So do those behind which the client has other connections. The request is for p.
func (c *Client) Alone(p *pool.Pool, r *resp.Request) bool {
	cmd := r.Command
	switch {
	case cmd.Route != resp.RouteLocal && cmd.Waits == resp.WaitsNever: // nearly all
		return false
	case c.locked || !cmd.ArityOK(len(r.Args)):
		return false
	case cmd.Subscribes():
		return c.multi == nil
	case cmd.Route == resp.RouteLocal:
		c.pool = p
		return c.localAlone(r)
	case c.multi != nil:
		return false
	}
	_, waits := cmd.WaitOf(r.Args)
	return waits
}

// localAlone is Alone for a command that the proxy answers.
func (c *Client) localAlone(r *resp.Request) bool {
	switch r.Command.Name {
	case "watch":
		return c.multi == nil
	case "select":
		return c.multi == nil && (c.selectAsks(r) || c.selectMoves(r))
	case "hello":
		return c.multi == nil && c.helloMoves(r)
	case "reset":
		return c.selected || c.proto != resp.RESP2
	}
	return c.own.line != nil && c.unwatches(r.Command)
}

// unwatches reports whether a command ends the watching of keys now.
func (c *Client) unwatches(cmd *resp.Command) bool {
	switch cmd.Name {
	case "exec", "discard":
		return c.multi != nil
	case "unwatch":
		return c.multi == nil
	}
	return false
}

// become changes what the client has its own connection for. It reports whether that is possible.
func (c *Client) become(e dedicated.Event) bool {
	next, ok := c.own.hold.Next(e)
	if ok {
		c.own.hold = next
	}
	return ok
}

// Settled tells that the client has the answers to all its requests.
func (c *Client) Settled() {
	if !c.own.asked {
		return
	}
	c.own.asked = false
	c.become(dedicated.Answers)
	line := c.own.line
	if line == nil {
		return
	}
	line.Answered()
	if c.own.hold == dedicated.Nothing {
		c.own.line = nil
		line.Return(true)
	}
}

// Waits reports whether a server lets the client wait.
func (c *Client) Waits() bool { return c.own.hold == dedicated.Waiting }

// Interrupt has a server that lets the client wait answer now.
func (c *Client) Interrupt() {
	if c.own.line != nil {
		c.own.line.Interrupt()
	}
	if c.own.replicas != nil {
		for _, line := range c.own.replicas.lines {
			line.Interrupt()
		}
	}
}

// Lost implements dedicated.User.
func (c *Client) Lost(line *dedicated.Line) {
	if line == c.own.line {
		c.own.line = nil
		c.become(dedicated.Loses)
		return
	}
	if s := c.subs; s != nil && s.lines[line.Server()] == line {
		delete(s.lines, line.Server())
		c.cutOff("a server was lost or has moved: its subscribers were closed")
	}
}

// unguard gives up the connection where the client's keys are watched, if it is not lost already. They may change
// unseen from now on, so EXEC must not succeed.
func (c *Client) unguard() {
	if line := c.own.line; line != nil {
		c.own.line = nil
		c.become(dedicated.Loses)
		line.Return(false)
	}
}

// on carries out a command on the client's own connection.
func (c *Client) on(engine *distribute.Engine, r *resp.Request) {
	c.own.asked = true
	engine.DoOn(c.host.RedisCall(1, 0, 0), c.own.line.Conn(), c.own.line.Server(), r)
}

// beginWaiting reports whether the client may wait. If not, it answers the command.
func (c *Client) beginWaiting(r *resp.Request) bool {
	if !c.become(dedicated.Waits) {
		c.say("-ERR '" + r.Command.Name + "' cannot wait while keys are watched: send UNWATCH first\r\n")
		return false
	}
	return true
}

// within returns how long the answer to a command may take that waits for so long at most; 0: there is no limit.
func (c *Client) within(most time.Duration) time.Duration {
	if most > 0 && c.pool.Config.Timeout > 0 {
		return most + c.pool.Config.Timeout
	}
	return 0
}

// await carries out a command that waits at its server.
func (c *Client) await(r *resp.Request, most time.Duration) {
	engine := c.Commands(c.pool)
	server, refusal := engine.ServerOf(r)
	if len(refusal) > 0 {
		c.say(string(refusal))
		return
	}
	if !c.beginWaiting(r) {
		return
	}
	if c.own.line = c.take(engine, engine.OrAny(server), r.Command); c.own.line == nil {
		c.become(dedicated.Drops)
		return
	}
	c.own.line.Begin(engine.Hashes(nil, r), c.within(most), true)
	c.on(engine, r)
}

// take returns a connection of the client's own to a server. If there is none, it answers the command, and returns
// nil.
func (c *Client) take(engine *distribute.Engine, server int, cmd *resp.Command) *dedicated.Line {
	return c.takeFor(c, engine, server, cmd)
}

// takeFor is take for a part of the client, which hears of the connection's end.
func (c *Client) takeFor(
	user dedicated.User, engine *distribute.Engine, server int, cmd *resp.Command,
) *dedicated.Line {
	if !engine.Reach(server) {
		c.pool.Count.Errors++
		c.tell(append(engine.AppendFailure(c.loop.Line[:0], engine.Conns[server], backend.HasRoom), "\r\n"...))
		return nil
	}
	line, err := c.part.Lines.Take(server, user)
	if err != nil {
		c.pool.Count.Errors++
		text := "ERR '" + cmd.Name + "' needs a connection to the server: " + err.Error()
		c.tell(resp.AppendError(c.loop.Line[:0], text))
		if errors.Is(err, dedicated.ErrNoneLeft) {
			c.pool.Count.NoDedicated++
		}
		return nil
	}
	return line
}
