package redisclient

import (
	"bytes"
	"strconv"
	"time"

	"magent/resp"
)

// Commands that the proxy answers by itself, in the words of Redis.

// local answers a command for which no server is asked.
func (c *Client) local(r *resp.Request) {
	switch r.Command.Name {
	case "ping":
		c.ping(r)
	case "echo":
		c.tell(resp.AppendBulk(c.loop.Line[:0], r.Args[1]))
	case "quit":
		c.say("+OK\r\n")
		c.end = Stop
	case "auth":
		c.auth(r)
	case "hello":
		c.hello(r)
	case "select":
		c.selectDB(r)
	case "client":
		c.client(r)
	case "command":
		c.describe(r)
	case "info":
		c.host.RedisInfo(r.Args[1:])
	case "time":
		c.time()
	case "reset":
		c.reset()
	case "multi":
		c.beginMulti()
	case "exec":
		c.exec()
	case "discard":
		c.discardMulti()
	case "watch":
		c.watch(r)
	case "unwatch":
		c.unwatch()
	case "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe":
		c.subscribe(r)
	default: // READONLY, READWRITE
		c.say("-ERR This instance has cluster support disabled\r\n")
	}
}

func (c *Client) ping(r *resp.Request) {
	switch n := len(r.Args); {
	case n <= 2 && c.restricted():
		line := resp.AppendBulkString(resp.AppendArray(c.loop.Line[:0], 2), "pong")
		c.tell(resp.AppendBulk(line, bytes.Join(r.Args[1:], nil)))
	case n == 1:
		c.say("+PONG\r\n")
	case n == 2:
		c.tell(resp.AppendBulk(c.loop.Line[:0], r.Args[1]))
	default:
		c.rejectArity(r)
	}
}

// needsDB reports whether it matters for a command which database the client has selected.
func needsDB(cmd *resp.Command) bool {
	return cmd.Route != resp.RouteLocal || cmd.Name == "multi" || cmd.Name == "watch"
}

// describe carries out COMMAND.
func (c *Client) describe(r *resp.Request) {
	line := c.proto.AppendCommandReply(c.loop.Line[:0], r.Args)
	if resp.IsError(line) {
		c.reject(r, line)
		return
	}
	c.tell(line)
}

// time carries out TIME, with the time of the proxy.
func (c *Client) time() {
	now := time.Now()
	line := resp.AppendArray(c.loop.Line[:0], 2)
	line = resp.AppendBulk(line, strconv.AppendInt(nil, now.Unix(), 10))
	c.tell(resp.AppendBulk(line, strconv.AppendInt(nil, int64(now.Nanosecond()/1000), 10)))
}

// reset carries out RESET: the client is as if it had just connected.
func (c *Client) reset() {
	c.EndMulti()
	c.Leave()
	c.name, c.astray, c.selected = nil, false, false
	c.locked = c.pool.Config.RedisAuth != ""
	c.proto = resp.RESP2
	c.say("+RESET\r\n")
}
