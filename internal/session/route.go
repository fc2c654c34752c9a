package session

import "magent/ascii"

// mustWait sets a barrier in front of a flush_all if there are several loops. They have connections of their own, so
// the flush_all waits for everything that the client has asked before. What follows waits for the flush_all
// (flushAll).
func (s *Session) mustWait(r *ascii.Request) bool {
	if r.Op == ascii.OpFlushAll && len(s.sh.group.Shards) > 1 {
		s.barrier = s.last
	}
	return s.barrier != nil
}

// route carries r out here, or sends it to the loop that owns its key.
func (s *Session) route(r *ascii.Request) {
	g := s.sh.group
	switch {
	case len(g.Shards) == 1:
		s.pool.Engine.Do(s.call(), r)
	case r.Op == ascii.OpFlushAll:
		s.flushAll(r)
	case r.NumKeys > 1:
		s.sh.Others.Fanout(s.pool, s.call(), r)
	default:
		s.forward(g.OwnerOf(r.Key), r)
	}
}

// flushAll starts a flush_all. Until it is back, the client's next requests wait.
func (s *Session) flushAll(r *ascii.Request) {
	c := s.call()
	s.barrier = &c.Call
	s.sh.Others.SendFlush(s.pool, c, r.Raw)
}

// forward has r carried out by owner.
func (s *Session) forward(owner *Shard, r *ascii.Request) {
	if owner == s.sh {
		s.pool.Engine.Do(s.call(), r)
	} else {
		s.sh.Others.Send(owner.Others, s.pool, s.call(), r.Raw)
	}
}

// drop carries out a set that is refused for its size: the old value is deleted, on the loop that owns the key.
func (s *Session) drop(r *ascii.Request) {
	owner := s.sh.group.OwnerOf(r.Key)
	if owner == s.sh {
		s.pool.Engine.Drop(s.call(), r, r.Reply)
		return
	}
	s.sh.Others.SendDrop(owner.Others, s.pool, s.call(), r)
}
