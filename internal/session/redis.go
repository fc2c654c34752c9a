package session

import (
	"slices"
	"strings"
	"time"

	"magent/internal/call"
	"magent/internal/lifecycle"
	"magent/internal/loop"
	"magent/internal/pool"
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
			s.setNeed(0)
			alone := r.Command != nil && c.Alone(s.pool, r)
			early := alone && s.first != nil // something in front of it has no answer yet
			if early {
				s.barrier = s.last
			}
			if early || r.Command != nil && (s.mustQueue(redisclient.KeysOf(r), n) || c.Follows(s.pool, r)) {
				continue // it is met again
			}
			s.spend(n)
			s.serveCommand()
			if alone {
				s.bar()
			}
		case resp.Fatal:
			s.abandon(string(r.Reply))
			return nil
		default:
			s.setNeed(r.Need)
			if s.noRoomFor(limits.MaxBulk) {
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

// ownedRequest is the size in bytes of a request from which its buffer is not used again until it is sent, so that it
// need not be copied.
const ownedRequest = 1 << 20

// serveCommand carries out the request that was read.
func (s *Session) serveCommand() {
	if len(s.sh.Redis.Request.Raw) >= ownedRequest {
		if owner := s.s.Disown(); owner != nil {
			s.serveOwned(owner)
			return
		}
	}
	s.carryOut()
}

// serveOwned carries out a request whose bytes stay as they are as long as owner is held. It is held here, because the
// session may be closed meanwhile.
func (s *Session) serveOwned(owner loop.Owner) {
	owner.Hold()
	defer owner.Release()
	r := &s.sh.Redis.Request
	r.Owner = owner
	defer r.Forget()
	s.carryOut()
}

// carryOut has the client of this session serve the request.
func (s *Session) carryOut() {
	before := s.redis.Holds()
	end := s.redis.Serve(s.pool)
	s.sh.assembly += s.redis.Holds() - before
	if end == redisclient.GoOn {
		return
	}
	s.wrong = s.wrong || end == redisclient.Wrong
	s.stop()
}

// bar has the client's next requests wait for the answer to the one that was just served. If the client's input has
// ended, or has to, that is not waited for any longer than it must be.
func (s *Session) bar() {
	s.barrier = s.last
	if s.last == nil {
		s.redis.Settled()
	} else if s.phase != lifecycle.Open {
		s.redis.Interrupt()
	}
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

// RedisInfo answers INFO. If it has to tell how many keys there are, the servers are asked first.
func (s *Session) RedisInfo(sections [][]byte) {
	s.work -= statsWork
	wanted := infoWanted(sections)
	info := &infoRequest{
		sh: s.sh, pool: s.pool, call: &s.RedisCall(1, 0, 0).Call, what: "info " + strings.Join(wanted, " "),
	}
	info.call.Tag = uint64(s.redis.Proto())
	if !slices.Contains(wanted, "keyspace") {
		info.sh.group.Stats(info.sh, info.pool, info.call, info.what)
		return
	}
	asked := s.pool.Commands.NewCall(info)
	info.late = loop.NewTimer(asked.AnswerNow)
	s.sh.L.Set(info.late, infoTime)
	s.pool.Commands.Keyspace(asked)
}

// infoTime is how long INFO waits for servers. It is for monitoring, so it is answered also when one hangs.
const infoTime = time.Second

// infoWanted returns the names of the sections of INFO that a client asks for. As in Redis, case does not matter.
func infoWanted(sections [][]byte) (names []string) {
	for _, section := range sections {
		names = append(names, strings.ToLower(string(section)))
	}
	if len(names) == 0 || slices.ContainsFunc(names, func(name string) bool {
		return name == "default" || name == "all" || name == "everything"
	}) {
		return append(names, "all", "keyspace")
	}
	return names
}

// infoRequest is an INFO for which the servers are asked.
type infoRequest struct {
	sh   *Shard
	pool *pool.Pool
	call *call.Call // the client's
	what string
	late *loop.Timer
}

// Answer gets the servers' keyspace.
func (i *infoRequest) Answer(c *call.Call, reply []byte) {
	i.sh.L.Unset(i.late)
	keyspace, _ := resp.Bulk(reply)
	i.sh.group.Stats(i.sh, i.pool, i.call, i.what+"\n"+string(keyspace))
	c.Release()
}
