package backend

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"magent/resp"
)

// Login is what a Redis is told on a new connection, before it gets any request.
type Login struct {
	Password string // AUTH; empty: none
	DB       int    // SELECT; 0: none
}

// ErrNotReady: a Redis answered the Login with an error, such as NOAUTH, LOADING, MASTERDOWN or DB index out of range. No request
// is sent to it then: it would go to another database, or be refused with an error that nobody looks for in the proxy.
var ErrNotReady = errors.New("the server is not ready")

// append writes the commands. PING tells whether the server can serve; INFO which version it has.
func (g *Login) append(dst []byte) []byte {
	if g.Password != "" {
		dst = resp.AppendCommand(dst, "AUTH", g.Password)
	}
	if g.DB != 0 {
		dst = resp.AppendCommand(dst, "SELECT", strconv.Itoa(g.DB))
	}
	dst = resp.AppendCommand(dst, "PING")
	return resp.AppendCommand(dst, "INFO", "server")
}

// replies is how many answers there are to append's commands.
func (g *Login) replies() int {
	n := 2
	if g.Password != "" {
		n++
	}
	if g.DB != 0 {
		n++
	}
	return n
}

// takeLogin takes the replies. When all are there the connection stands.
func (c *Conn) takeLogin(data []byte) {
	all := c.opt.Redis.replies()
	for len(data) > 0 {
		n, need, ok := c.resp.Next(data)
		switch {
		case !ok:
			c.next(ErrGarbage)
			return
		case n == 0:
			c.need = need
			c.s.Keep(data)
			return
		case c.login == all:
			c.next(ErrUnasked)
			return
		}
		reply := data[:n]
		data = data[n:]
		c.login++
		switch {
		case c.login == all:
			c.version = redisVersion(reply)
		case c.login == 1 && c.opt.Redis.Password != "" && needsNone(reply):
		case resp.IsError(reply):
			c.next(fmt.Errorf("%w: %s", ErrNotReady, resp.ErrorText(reply)))
			return
		}
	}
	c.need = 0
	c.s.Keep(nil)
	if c.login == all {
		c.established()
	}
}

// needsNone reports whether AUTH was refused because the server asks nobody for a password, in the words of Redis 6 and later, and of
// earlier ones. That is no reason not to use it: the password may be meant for the proxy's clients.
func needsNone(reply []byte) bool {
	text := resp.ErrorText(reply)
	return bytes.HasPrefix(text, []byte("ERR AUTH <password> called without any password configured")) ||
		bytes.HasPrefix(text, []byte("ERR Client sent AUTH, but no password is set"))
}

// redisVersion reads the version from the reply to INFO. It is empty where the server does not tell.
func redisVersion(reply []byte) string {
	info, _ := resp.Bulk(reply)
	for line := range bytes.Lines(info) {
		if version, found := bytes.CutPrefix(line, []byte("redis_version:")); found {
			return string(bytes.TrimSpace(version))
		}
	}
	return ""
}

// RedisVersion is the version of a Redis, as of the last connection that stood; empty where it does not tell.
func (c *Conn) RedisVersion() string { return c.version }
