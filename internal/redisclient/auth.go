package redisclient

import (
	"crypto/subtle"
	"strconv"
	"strings"

	"magent/resp"
)

// The words of Redis.
const (
	wrongPassword = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
	noPassword    = "-ERR AUTH <password> called without any password configured for the default user. Are you sure " +
		"your configuration is correct?\r\n"
	noProto    = "-NOPROTO unsupported protocol version\r\n"
	helloFirst = "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH " +
		"<user> <pass> option can be used to " +
		"authenticate the client and select the RESP protocol version at the same time\r\n"
)

// unlocks reports whether a command is allowed before the client has authenticated.
func unlocks(cmd *resp.Command) bool {
	switch cmd.Name {
	case "auth", "hello", "quit", "reset":
		return true
	}
	return false
}

// auth carries out AUTH password and AUTH user password.
func (c *Client) auth(r *resp.Request) {
	switch {
	case len(r.Args) > 3:
		c.reply("-ERR syntax error\r\n")
	case len(r.Args) == 2 && c.pool.Config.RedisAuth == "":
		c.reply(c.wording(noPassword, "-ERR Client sent AUTH, but no password is set\r\n"))
	case len(r.Args) == 2 && !c.login(defaultUser, r.Args[1]):
		c.reply(c.wording(wrongPassword, "-ERR invalid password\r\n"))
	case len(r.Args) == 3 && !c.login(string(r.Args[1]), r.Args[2]):
		c.reply(wrongPassword)
	default:
		c.say("+OK\r\n")
	}
}

// login reports whether user and password are right. If so the session is unlocked. If the pool has no password, any
// password is right.
func (c *Client) login(user string, password []byte) bool {
	want := c.pool.Config.RedisAuth
	if user != defaultUser || want != "" && subtle.ConstantTimeCompare(password, []byte(want)) == 0 {
		return false
	}
	c.locked = false
	return true
}

// hello carries out HELLO [version [AUTH user password] [SETNAME name]]. If anything is wrong, the client goes on with
// the version that it had.
func (c *Client) hello(r *resp.Request) {
	args, proto := r.Args[1:], c.proto
	if len(args) > 0 {
		version, err := strconv.ParseInt(string(args[0]), 10, 64)
		switch {
		case err != nil:
			c.reply("-ERR Protocol version is not an integer or out of range\r\n")
			return
		case version != 2 && version != 3 || !c.pool.Offers(resp.Proto(version)):
			c.reply(noProto)
			return
		}
		proto = resp.Proto(version)
		args = args[1:]
	}
	if refusal := c.helloOptions(args); refusal != "" {
		c.reply(refusal)
		return
	}
	if c.own.line != nil && proto != c.proto {
		c.convert(proto)
		return
	}
	c.proto = proto
	c.tell(c.appendHello(c.loop.Line[:0]))
}

// convert has the connection where the client's keys are watched speak another version, which becomes the client's if
// the server agrees.
func (c *Client) convert(to resp.Proto) {
	c.change(c.inquire(func(reply []byte) []byte {
		if resp.IsError(reply) {
			c.unguard()
			return reply
		}
		c.proto = to
		return c.appendHello(nil)
	}), to, resp.AppendCommand(nil, "HELLO", strconv.Itoa(to.Number())))
}

// helloOptions carries out the options of HELLO, behind the version. It returns an error line, or "".
func (c *Client) helloOptions(args [][]byte) (refusal string) {
	var name []byte
	named := false
	for len(args) > 0 {
		switch option := strings.ToLower(string(args[0])); {
		case option == "auth" && len(args) >= 3:
			if !c.login(string(args[1]), args[2]) {
				return wrongPassword
			}
			args = args[3:]
		case option == "setname" && len(args) >= 2:
			if !resp.ValidName(args[1]) {
				return badName
			}
			name, named = args[1], true
			args = args[2:]
		default:
			return string(resp.AppendError(nil, "ERR Syntax error in HELLO option '"+string(args[0])+"'"))
		}
	}
	if c.locked {
		return helloFirst
	}
	if named {
		c.name = append([]byte(nil), name...)
	}
	return ""
}

func (c *Client) appendHello(dst []byte) []byte {
	dst = c.proto.AppendMap(dst, 7)
	for _, field := range [...][2]string{{"server", "redis"}, {"version", c.pool.RedisVersion()}} {
		dst = resp.AppendBulkString(resp.AppendBulkString(dst, field[0]), field[1])
	}
	dst = resp.AppendInt(resp.AppendBulkString(dst, "proto"), int64(c.proto.Number()))
	dst = resp.AppendInt(resp.AppendBulkString(dst, "id"), c.id)
	dst = resp.AppendBulkString(resp.AppendBulkString(dst, "mode"), "standalone")
	dst = resp.AppendBulkString(resp.AppendBulkString(dst, "role"), "master")
	return resp.AppendArray(resp.AppendBulkString(dst, "modules"), 0)
}
