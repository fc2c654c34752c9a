package redisclient

import "magent/resp"

// reject answers a command that cannot be carried out as it is. With compat_close it closes the connection without a
// reply where twemproxy does.
func (c *Client) reject(r *resp.Request, line []byte) {
	c.loop.Line = line
	c.pool.Count.ClientErrors++
	if c.mayClose(r) {
		c.end = Wrong
		return
	}
	c.spoil()
	c.host.RedisCall(1, 0, 0).Answer(line)
}

// mayClose reports whether the connection is closed over a command that cannot be carried out.
func (c *Client) mayClose(r *resp.Request) bool {
	return c.pool.Config.CompatClose && (r.Command == nil || !r.Command.TwemproxyTakes(r.Args))
}

// rejectArity answers a command with the wrong number of arguments. Such an EXEC ends the transaction.
func (c *Client) rejectArity(r *resp.Request) {
	line := resp.AppendWrongArity(c.loop.Line[:0], r.Command)
	if r.Command.Name == "exec" {
		c.EndMulti()
		c.Close()
		line = append(c.loop.Line[:0],
			"-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n"...)
	}
	c.reject(r, line)
}

// wording returns the words of Redis, or with compat_errors those of twemproxy.
func (c *Client) wording(redis, twemproxy string) string {
	if c.pool.Config.CompatErrors {
		return twemproxy
	}
	return redis
}

// reply answers with a text of the proxy's own. If a transaction is being collected, the command is not part of it,
// and the transaction fails.
func (c *Client) reply(line string) {
	c.spoil()
	c.say(line)
}

// say answers with a text of the proxy's own.
func (c *Client) say(line string) { c.host.RedisCall(1, 0, 0).Answer([]byte(line)) }

// tell answers with line, which was appended to Loop.Line. The buffer is kept for the next use unless it is too large.
func (c *Client) tell(line []byte) {
	c.host.RedisCall(1, 0, 0).Answer(line)
	if cap(line) <= maxKeptLine {
		c.loop.Line = line
	}
}
