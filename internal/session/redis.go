package session

import (
	"magent/internal/pool"
	"magent/resp"
)

// Clients of Redis pools. A loop has its own connections to all servers of such a pool. It serves its clients by
// itself: no key has an owner, because there are no copies to keep equal.

func newRedisClient(sh *Shard, p *pool.Pool) *redisClient {
	sh.clientIDs++
	return &redisClient{
		id:     (sh.clientIDs-1)*int64(len(sh.group.Shards)) + int64(sh.ID) + 1,
		locked: p.Config.RedisAuth != "",
	}
}

// Limits for clients that have not authenticated: elements of a request, and bytes of one. Redis has the same.
const (
	lockedArgs = 10
	lockedBulk = 16 << 10
)

// serveRedis is serveAll for Redis pools.
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

// serveCommand carries out one request.
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

// keysOf returns how many keys a request counts as in the client's window. It is more than one for commands that are
// split.
func keysOf(r *resp.Request) int {
	switch r.Command.Route {
	case resp.RouteMGet, resp.RouteSum:
		return len(r.Args) - 1
	case resp.RouteMSet:
		return max(1, (len(r.Args)-1)/2)
	}
	return 1
}
