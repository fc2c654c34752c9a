package session

import (
	"magent/internal/pool"
	"magent/resp"
)

// Clients of Redis pools. A loop has connections of its own to every server of such a pool and serves its clients by itself: no
// key has an owner, for there is nothing to keep in step.

// redisClient is what a session of a Redis pool knows of its client beyond other sessions.
type redisClient struct {
	id       int64
	locked   bool // the pool has a password, and the client has not said it yet
	name     []byte
	progress resp.Progress // into the request that has arrived in part
	multi    *multi        // the transaction that is being collected; nil: none
}

func newRedisClient(sh *Shard, p *pool.Pool) *redisClient {
	sh.clientIDs++
	return &redisClient{
		id:     (sh.clientIDs-1)*int64(len(sh.group.Shards)) + int64(sh.ID) + 1,
		locked: p.Config.RedisAuth != "",
	}
}

// What a client may send that has not said the password: elements, and bytes of one.
const (
	lockedArgs = 10
	lockedBulk = 16 << 10
)

// serveRedis is serveAll of a Redis pool.
func (s *Session) serveRedis(data []byte) (rest []byte) {
	r := &s.sh.cmd
	s.reading = flowing
	for len(data) > 0 && s.phase < closing {
		if s.full() {
			s.pause()
			break
		}
		if s.work <= 0 {
			s.yield()
			break
		}
		limits := s.pool.RedisLimits
		if s.redis.locked {
			limits.MaxArgs, limits.MaxBulk = lockedArgs, min(limits.MaxBulk, lockedBulk)
		}
		n, st := resp.Next(data, limits, r, &s.redis.progress)
		switch st {
		case resp.Complete:
			s.need = 0
			if r.Command != nil && s.mustQueue(keysOf(r), n) {
				continue
			}
			s.spend(n)
			s.serveCommand(r)
		case resp.Fatal:
			s.abandon(string(r.Reply))
			return nil
		default:
			s.need = r.Need
			if s.tooMuch(limits.MaxBulk) && !s.sh.makeRoom(s, s.need-s.kept, s.sh.group.assemblyOf(limits.MaxBulk)) {
				s.sh.group.Complain("too much has arrived in part: the clients that hold most of it were cut off")
				s.pool.Count.CutOff++
				s.abandon("-ERR out of memory reading the request: too many large requests are arriving at once\r\n")
				return nil
			}
			return data
		}
		data = data[n:]
	}
	return data
}

// abandon answers a request after which the connection cannot go on.
func (s *Session) abandon(line string) {
	s.wrong = true
	s.say(line)
	s.stop()
}

// serveCommand takes one request.
func (s *Session) serveCommand(r *resp.Request) {
	if len(r.Args) == 0 {
		return
	}
	cmd := r.Command
	s.pool.Count.CmdRedis++
	switch {
	case cmd == nil:
		s.reject(resp.AppendUnknown(s.sh.Line[:0], r.Args))
	case !cmd.ArityOK(len(r.Args)):
		s.rejectArity(cmd)
	case s.redis.locked && !unlocks(cmd):
		s.reply("-NOAUTH Authentication required.\r\n")
	case cmd.Route == resp.RouteRefused:
		s.reject(resp.AppendError(s.sh.Line[:0], "ERR '"+cmd.Name+"' is not supported here: "+cmd.Why))
	case s.redis.multi != nil && !endsMulti(cmd):
		s.queue(r)
	case cmd.Route == resp.RouteLocal:
		s.local(r)
	default:
		s.pool.Commands.Do(s.redisCall(keysOf(r), keysOf(r), len(r.Raw)), r)
	}
}

// keysOf is how many keys the request counts for in the client's window: those of commands that are split.
func keysOf(r *resp.Request) int {
	switch r.Command.Route {
	case resp.RouteMGet, resp.RouteSum:
		return len(r.Args) - 1
	case resp.RouteMSet:
		return max(1, (len(r.Args)-1)/2)
	}
	return 1
}

// reject answers a command that cannot be carried out for what it is. twemproxy closes the connection without a word instead
// (compat_close).
func (s *Session) reject(line []byte) {
	s.sh.Line = line
	s.pool.Count.ClientErrors++
	if s.pool.Config.CompatClose {
		s.wrong = true
		s.stop()
		return
	}
	s.spoil()
	s.redisCall(1, 0, 0).Answer(line)
}

// rejectArity answers a command with too few arguments, or too many. An EXEC of that kind ends the transaction.
func (s *Session) rejectArity(cmd *resp.Command) {
	line := resp.AppendWrongArity(s.sh.Line[:0], cmd)
	if cmd.Name == "exec" {
		s.endMulti()
		line = append(s.sh.Line[:0], "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n"...)
	}
	s.reject(line)
}

// reply answers with a text of the proxy's own. It takes the command out of the transaction that is being collected, which
// therefore fails.
func (s *Session) reply(line string) {
	s.spoil()
	s.redisCall(1, 0, 0).Answer([]byte(line))
}
