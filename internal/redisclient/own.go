package redisclient

import (
	"errors"
	"time"

	"magent/backend"
	"magent/internal/dedicated"
	"magent/internal/distribute"
	"magent/resp"
)

// Alone reports whether a request has to be carried out alone: behind the answers to everything that the client has
// asked for before, and before everything that follows. Such requests go to a connection of the client's own, so
// nothing else would keep the order.
func (c *Client) Alone(r *resp.Request) bool {
	if r.Command.Waits == resp.WaitsNever || c.multi != nil || c.locked || !r.Command.ArityOK(len(r.Args)) {
		return false
	}
	_, waits := r.Command.WaitOf(r.Args)
	return waits
}

// Settled tells that the client has the answers to all its requests.
func (c *Client) Settled() {
	if !c.own.asked {
		return
	}
	line := c.own.line
	c.own = own{}
	if line != nil {
		line.Answered()
		line.Return(true)
	}
}

// Waits reports whether a server lets the client wait.
func (c *Client) Waits() bool { return c.own.asked }

// Interrupt has a server that lets the client wait answer now.
func (c *Client) Interrupt() {
	if c.own.line != nil {
		c.own.line.Interrupt()
	}
}

// Close gives up what the client has, because it has gone.
func (c *Client) Close() {
	line := c.own.line
	c.own = own{}
	if line != nil {
		line.Return(false)
	}
}

// Lost implements dedicated.User.
func (c *Client) Lost(line *dedicated.Line) {
	if line == c.own.line {
		c.own.line = nil
	}
}

// await carries out a command that waits at its server.
func (c *Client) await(r *resp.Request, most time.Duration) {
	engine := c.Commands(c.pool)
	server, refusal := engine.ServerOf(r)
	if len(refusal) > 0 {
		c.say(string(refusal))
		return
	}
	server = engine.OrAny(server)
	line := c.take(engine, server, r.Command)
	if line == nil {
		return
	}
	within := time.Duration(0)
	if most > 0 && c.pool.Config.Timeout > 0 {
		within = most + c.pool.Config.Timeout
	}
	line.Begin(engine.FirstKey(r), within, true)
	c.own = own{line: line, asked: true}
	engine.DoOn(c.host.RedisCall(1, 0, 0), line.Conn(), server, r)
}

// take returns a connection of the client's own to a server. If there is none, it answers the command, and returns
// nil.
func (c *Client) take(engine *distribute.Engine, server int, cmd *resp.Command) *dedicated.Line {
	if !engine.Reach(server) {
		c.pool.Count.Errors++
		c.tell(append(engine.AppendFailure(c.loop.Line[:0], engine.Conns[server], backend.HasRoom), "\r\n"...))
		return nil
	}
	line, err := c.pool.LinesIn(c.proto).Take(server, c)
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
