package session

import (
	"magent/internal/lifecycle"
	"magent/internal/redisclient"
	"magent/resp"
)

// Clients of Redis pools. A loop has its own connections to all servers of such a pool. It serves its clients by
// itself: no key has an owner, because there are no copies to keep equal. What their commands mean is known by package
// redisclient.

// serveRedis is serveAll for Redis pools.
func (s *Session) serveRedis(data []byte) (rest []byte) {
	c, r := s.redis, &s.sh.Redis.Request
	s.reading = lifecycle.Flowing
	for len(data) > 0 && s.phase < lifecycle.Closing {
		if s.full() {
			s.pause()
			break
		}
		if s.work <= 0 {
			s.yield()
			break
		}
		limits := c.Limits(s.pool)
		n, st := resp.Next(data, limits, r, &c.Progress)
		switch st {
		case resp.Complete:
			s.need = 0
			if r.Command != nil && s.mustQueue(redisclient.KeysOf(r), n) {
				continue
			}
			s.spend(n)
			s.serveCommand()
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

// serveCommand carries out the request that was read.
func (s *Session) serveCommand() {
	before := s.redis.Holds()
	end := s.redis.Serve(s.pool)
	s.sh.assembly += s.redis.Holds() - before
	if end == redisclient.GoOn {
		return
	}
	s.wrong = s.wrong || end == redisclient.Wrong
	s.stop()
}

// abandon answers a request after which the connection cannot go on.
func (s *Session) abandon(line string) {
	s.wrong = true
	s.sayRedis(line)
	s.stop()
}

// RedisRoom reports whether the transaction that is being collected may have so many bytes more.
func (s *Session) RedisRoom(more int) bool {
	if s.sh.makeRoom(s, more, s.sh.group.assemblyOf(s.pool.RedisLimits.MaxBulk)) {
		return true
	}
	s.sh.group.Complain("too many transactions are being collected at once: refused")
	return false
}

// RedisInfo answers INFO.
func (s *Session) RedisInfo() {
	s.work -= statsWork
	s.sh.group.Stats(s.sh, s.pool, &s.RedisCall(1, 0, 0).Call, "info")
}
