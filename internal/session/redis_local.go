package session

import (
	"strconv"
	"time"

	"magent/resp"
)

// Commands that the proxy answers by itself, in the words of Redis.

// local answers a command for which no server is asked.
func (s *Session) local(r *resp.Request) {
	switch r.Command.Name {
	case "ping":
		s.ping(r)
	case "echo":
		s.tell(resp.AppendBulk(s.sh.Line[:0], r.Args[1]))
	case "quit":
		s.say("+OK\r\n")
		s.stop()
	case "auth":
		s.auth(r)
	case "hello":
		s.hello(r)
	case "select":
		s.selectDB(r)
	case "client":
		s.client(r)
	case "command":
		s.tell(resp.AppendCommandReply(s.sh.Line[:0], r.Args))
	case "info":
		s.work -= statsWork
		s.sh.group.Stats(s.sh, s.pool, &s.redisCall(1, 0, 0).Call, "info")
	case "time":
		s.time()
	case "reset":
		s.reset()
	case "multi":
		s.beginMulti()
	case "exec":
		s.exec()
	case "discard":
		s.discardMulti()
	case "unwatch":
		s.say("+OK\r\n")
	default: // READONLY, READWRITE
		s.say("-ERR This instance has cluster support disabled\r\n")
	}
}

func (s *Session) ping(r *resp.Request) {
	switch len(r.Args) {
	case 1:
		s.say("+PONG\r\n")
	case 2:
		s.tell(resp.AppendBulk(s.sh.Line[:0], r.Args[1]))
	default:
		s.tell(resp.AppendWrongArity(s.sh.Line[:0], r.Command))
	}
}

// selectDB carries out SELECT. A pool has one database. The servers' connections are shared, so no client can have
// another.
func (s *Session) selectDB(r *resp.Request) {
	db, err := strconv.Atoi(string(r.Args[1]))
	switch own := s.pool.Config.RedisDB; {
	case err != nil:
		s.reply("-ERR value is not an integer or out of range\r\n")
	case db != own:
		s.reply("-ERR DB index is out of range: this pool is database " + strconv.Itoa(own) +
			" of its servers (redis_db), make a pool for each other one\r\n")
	default:
		s.say("+OK\r\n")
	}
}

// time carries out TIME, with the time of the proxy.
func (s *Session) time() {
	now := time.Now()
	line := resp.AppendArray(s.sh.Line[:0], 2)
	line = resp.AppendBulk(line, strconv.AppendInt(nil, now.Unix(), 10))
	s.tell(resp.AppendBulk(line, strconv.AppendInt(nil, int64(now.Nanosecond()/1000), 10)))
}

// reset carries out RESET: the client is as if it had just connected.
func (s *Session) reset() {
	s.endMulti()
	s.redis.name = nil
	s.redis.locked = s.pool.Config.RedisAuth != ""
	s.say("+RESET\r\n")
}
