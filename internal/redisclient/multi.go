package redisclient

import (
	"bytes"

	"magent/internal/dedicated"
	"magent/internal/distribute"
	"magent/resp"
)

// Bounds of a transaction that is being collected. If the ring changes, it is read again in one turn of the loop.
const (
	maxMulti    = 64 << 20 // bytes
	maxCommands = 1 << 20
)

// endsMulti reports whether a command is carried out at once while a transaction is being collected.
func endsMulti(cmd *resp.Command) bool {
	switch cmd.Name {
	case "multi", "exec", "discard", "quit", "reset", "watch":
		return true
	}
	return false
}

// beginMulti carries out MULTI.
func (c *Client) beginMulti() {
	if c.multi != nil {
		c.say("-ERR MULTI calls can not be nested\r\n") // which does not spoil it
		return
	}
	c.multi = &multi{}
	c.say("+OK\r\n")
}

// queue adds a command to the transaction.
func (c *Client) queue(r *resp.Request) {
	m := c.multi
	switch {
	case !mayQueue(r.Command):
		c.reply("-ERR '" + r.Command.Name +
			"' cannot be part of a transaction here: it is not about keys of one server\r\n")
		return
	case len(m.raw)+len(r.Raw) > maxMulti:
		c.reply("-ERR the transaction is too large: 64 MiB are the limit\r\n")
		return
	case !m.bad && m.n == maxCommands:
		c.reply("-ERR the transaction is too large: 1048576 commands are the limit\r\n")
		return
	case !m.bad && !c.host.RedisRoom(len(r.Raw)):
		c.reply("-ERR out of memory collecting the transaction: too much is being collected at once\r\n")
		return
	case !m.bad: // else it will not be executed
		m.raw = append(m.raw, r.Raw...)
		m.n++
		if r.Command.Route == resp.RouteChannel && m.channel == nil {
			m.channel = bytes.Clone(r.Args[1])
		}
		m.locate(m.raw, c.Commands(c.pool), &c.loop.queued)
	}
	c.say("+QUEUED\r\n")
}

// mayQueue reports whether one server can carry out a command as part of a transaction.
func mayQueue(cmd *resp.Command) bool {
	switch cmd.Route {
	case resp.RouteKeys, resp.RouteMGet, resp.RouteSum, resp.RouteMSet, resp.RouteAny, resp.RouteChannel:
		return true
	}
	return keyless(cmd)
}

// discardMulti carries out DISCARD.
func (c *Client) discardMulti() {
	if c.multi == nil {
		c.say("-ERR DISCARD without MULTI\r\n")
		return
	}
	c.EndMulti()
	c.unwatch()
}

// exec carries out EXEC.
func (c *Client) exec() {
	m := c.multi
	c.EndMulti()
	switch {
	case m == nil:
		c.say("-ERR EXEC without MULTI\r\n")
	case m.bad:
		c.Close()
		c.say("-EXECABORT Transaction discarded because of previous errors.\r\n")
	case c.own.hold == dedicated.Broken:
		c.become(dedicated.Unwatches)
		c.tell(c.proto.AppendNullArray(c.loop.Line[:0]))
	case m.n == 0 && c.own.line == nil:
		c.say("*0\r\n")
	default:
		c.transact(m)
	}
}

// transact sends a transaction to the server of its keys.
func (c *Client) transact(m *multi) {
	engine := c.Commands(c.pool)
	m.locate(m.raw, engine, &c.loop.queued)
	switch line := c.own.line; {
	case m.refusal != nil:
		c.failExec(m, m.refusal)
	case line != nil && m.server != distribute.Any && m.server != line.Server():
		c.failExec(m, []byte(twoServers))
	case line != nil:
		c.commit(engine, m)
	default:
		engine.Transact(c.host.RedisCall(m.n, m.n, len(m.raw)), m.server, m.raw, m.n)
	}
}

// failExec answers EXEC with an error for each command.
func (c *Client) failExec(m *multi, line []byte) {
	c.Close()
	c.tell(distribute.AppendFailedExec(c.loop.Line[:0], m.n, line))
}
