package session

import (
	"magent/internal/distribute"
	"magent/internal/pool"
	"magent/resp"
)

// maxMulti bounds the bytes of a transaction that is being collected.
const maxMulti = 64 << 20

// endsMulti reports whether a command is carried out at once while a transaction is being collected.
func endsMulti(cmd *resp.Command) bool {
	switch cmd.Name {
	case "multi", "exec", "discard", "quit", "reset", "watch":
		return true
	}
	return false
}

// beginMulti carries out MULTI.
func (s *Session) beginMulti() {
	if s.redis.multi != nil {
		s.say("-ERR MULTI calls can not be nested\r\n") // which does not spoil it
		return
	}
	s.redis.multi = &multi{}
	s.say("+OK\r\n")
}

// queue adds a command to the transaction.
func (s *Session) queue(r *resp.Request) {
	m := s.redis.multi
	switch {
	case !mayQueue(r.Command):
		s.reply("-ERR '" + r.Command.Name +
			"' cannot be part of a transaction here: it is not about keys of one server\r\n")
		return
	case len(m.raw)+len(r.Raw) > maxMulti:
		s.reply("-ERR the transaction is too large: 64 MiB are the limit\r\n")
		return
	case !m.bad && !s.sh.makeRoom(s, len(r.Raw), s.sh.group.assemblyOf(s.pool.RedisLimits.MaxBulk)):
		s.sh.group.Complain("too many transactions are being collected at once: refused")
		s.reply("-ERR out of memory collecting the transaction: too much is being collected at once\r\n")
		return
	case !m.bad: // else it will not be executed
		m.raw = append(m.raw, r.Raw...)
		m.n++
		s.sh.assembly += len(r.Raw)
	}
	s.say("+QUEUED\r\n")
}

// mayQueue reports whether one server can carry out a command as part of a transaction.
func mayQueue(cmd *resp.Command) bool {
	switch cmd.Route {
	case resp.RouteKeys, resp.RouteMGet, resp.RouteSum, resp.RouteMSet, resp.RouteAny:
		return true
	}
	return keyless(cmd)
}

// keyless reports whether the proxy answers a command by itself, but a server would answer it in the same way.
func keyless(cmd *resp.Command) bool {
	switch cmd.Name {
	case "ping", "echo", "time", "unwatch":
		return true
	}
	return false
}

// discardMulti carries out DISCARD.
func (s *Session) discardMulti() {
	if s.redis.multi == nil {
		s.say("-ERR DISCARD without MULTI\r\n")
		return
	}
	s.endMulti()
	s.say("+OK\r\n")
}

// exec carries out EXEC.
func (s *Session) exec() {
	m := s.redis.multi
	s.endMulti()
	switch {
	case m == nil:
		s.say("-ERR EXEC without MULTI\r\n")
	case m.bad:
		s.say("-EXECABORT Transaction discarded because of previous errors.\r\n")
	case m.n == 0:
		s.say("*0\r\n")
	default:
		s.transact(m)
	}
}

// transact sends a transaction to the server of its keys.
func (s *Session) transact(m *multi) {
	engine, server := s.pool.Commands, distribute.Any
	limits := pool.RedisLimitsOf(maxMulti) // the pool's may have become narrower
	for rest := m.raw; len(rest) > 0; {
		r := &s.sh.queued
		n, _ := resp.Next(rest, limits, r, &resp.Progress{})
		rest = rest[n:]
		if keyless(r.Command) {
			continue
		}
		at, refusal := engine.ServerOf(r)
		switch {
		case refusal != nil:
			s.redisCall(1, 0, 0).Answer(refusal)
			return
		case server != distribute.Any && at != distribute.Any && at != server:
			s.say("-CROSSSLOT Keys in transaction don't hash to the same server: nothing was done; give them a " +
				"common hash tag\r\n")
			return
		case at != distribute.Any:
			server = at
		}
	}
	engine.Transact(s.redisCall(m.n, m.n, len(m.raw)), server, m.raw, m.n)
}
