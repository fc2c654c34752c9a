package session

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
func (s *Session) auth(r *resp.Request) {
	switch {
	case len(r.Args) > 3:
		s.reply("-ERR syntax error\r\n")
	case len(r.Args) == 2 && s.pool.Config.RedisAuth == "":
		s.reply(noPassword)
	case len(r.Args) == 2 && !s.login(defaultUser, r.Args[1]), len(r.Args) == 3 &&
		!s.login(string(r.Args[1]), r.Args[2]):
		s.reply(wrongPassword)
	default:
		s.say("+OK\r\n")
	}
}

// login reports whether user and password are right. If so the session is unlocked. If the pool has no password, any
// password is right.
func (s *Session) login(user string, password []byte) bool {
	want := s.pool.Config.RedisAuth
	if user != defaultUser || want != "" && subtle.ConstantTimeCompare(password, []byte(want)) == 0 {
		return false
	}
	s.redis.locked = false
	return true
}

// hello carries out HELLO [2 [AUTH user password] [SETNAME name]]. The servers' connections are shared and speak
// RESP2, so the protocol cannot change. A client that asks for RESP3 is told so, and goes on with RESP2.
func (s *Session) hello(r *resp.Request) {
	args := r.Args[1:]
	if len(args) > 0 {
		version, err := strconv.ParseInt(string(args[0]), 10, 64)
		switch {
		case err != nil:
			s.reply("-ERR Protocol version is not an integer or out of range\r\n")
			return
		case version != 2:
			s.reply(noProto)
			return
		}
		args = args[1:]
	}
	if refusal := s.helloOptions(args); refusal != "" {
		s.reply(refusal)
		return
	}
	s.tell(s.appendHello(s.sh.Line[:0]))
}

// helloOptions carries out the options of HELLO, behind the version. It returns an error line, or "".
func (s *Session) helloOptions(args [][]byte) (refusal string) {
	var name []byte
	named := false
	for len(args) > 0 {
		switch option := strings.ToLower(string(args[0])); {
		case option == "auth" && len(args) >= 3:
			if !s.login(string(args[1]), args[2]) {
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
	if s.redis.locked {
		return helloFirst
	}
	if named {
		s.redis.name = append([]byte(nil), name...)
	}
	return ""
}

func (s *Session) appendHello(dst []byte) []byte {
	dst = resp.AppendArray(dst, 14)
	for _, field := range [...][2]string{{"server", "redis"}, {"version", s.pool.RedisVersion()}} {
		dst = resp.AppendBulkString(resp.AppendBulkString(dst, field[0]), field[1])
	}
	dst = resp.AppendInt(resp.AppendBulkString(dst, "proto"), 2)
	dst = resp.AppendInt(resp.AppendBulkString(dst, "id"), s.redis.id)
	dst = resp.AppendBulkString(resp.AppendBulkString(dst, "mode"), "standalone")
	dst = resp.AppendBulkString(resp.AppendBulkString(dst, "role"), "master")
	return resp.AppendArray(resp.AppendBulkString(dst, "modules"), 0)
}
