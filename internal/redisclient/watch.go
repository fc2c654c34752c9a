package redisclient

import (
	"magent/internal/dedicated"
	"magent/internal/distribute"
	"magent/resp"
)

// WATCH concerns a connection: EXEC there does nothing if a key has changed. So the client gets one of its own, to the
// server of its keys, until EXEC, DISCARD or UNWATCH. Its other commands go where they always go: what it reads after
// the answer to WATCH is watched.

// watch carries out WATCH.
func (c *Client) watch(r *resp.Request) {
	engine := c.Commands(c.pool)
	server, refusal := engine.ServerOf(r)
	switch {
	case c.multi != nil:
		c.say("-ERR WATCH inside MULTI is not allowed\r\n")
		return
	case len(refusal) > 0:
		c.say(string(refusal))
		return
	case c.own.hold == dedicated.Broken:
		c.say("+OK\r\n") // EXEC will do nothing
		return
	case c.own.line == nil:
		if c.own.line = c.take(engine, engine.OrAny(server), r.Command); c.own.line == nil {
			return
		}
	case server != distribute.Any && server != c.own.line.Server():
		c.say("-CROSSSLOT Watched keys don't hash to the same server: give them a common hash tag\r\n")
		return
	}
	c.become(dedicated.Watches)
	c.own.line.Watch(engine.Hashes(nil, r), c.pool.Config.Timeout)
	c.on(engine, r)
}

// unwatch carries out UNWATCH, and DISCARD behind what it does to the transaction.
func (c *Client) unwatch() {
	line := c.own.line
	if c.become(dedicated.Unwatches); line == nil {
		c.say("+OK\r\n")
		return
	}
	line.Begin(nil, c.pool.Config.Timeout, false)
	r := &c.loop.queued
	_, _ = resp.Next([]byte("*1\r\n$7\r\nUNWATCH\r\n"), c.pool.RedisLimits, r, &resp.Progress{})
	c.on(c.Commands(c.pool), r)
}

// commit has the server of the watched keys carry out a transaction, unless a key has changed.
func (c *Client) commit(engine *distribute.Engine, m *multi) {
	line := c.own.line
	c.become(dedicated.Unwatches)
	line.Begin(nil, c.pool.Config.Timeout, false)
	c.own.asked = true
	engine.TransactOn(c.host.RedisCall(m.n, m.n, len(m.raw)), line.Conn(), line.Server(), m.raw, m.n)
}
